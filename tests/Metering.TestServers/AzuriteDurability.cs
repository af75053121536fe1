namespace Metering.TestServers;

/// <summary>
/// Makes Azurite store before it answers a write, so that a kill loses nothing it acknowledged. Loaded into its process with <c>node --require</c>.
/// </summary>
/// <remarks>
/// Azurite keeps what it knows in two LokiJS databases, saved to their files by a timer. Here every answer to a request that may have changed something waits for both to be
/// saved; saves that wait share one. The blobs' bytes are in files of their own, written before; the page cache survives the process.
/// </remarks>
internal static class AzuriteDurability
{
    private const string Script = """
        'use strict';
        const http = require('http');
        const Module = require('module');
        const databases = new Set();
        const load = Module._load;
        Module._load = function (request, ...rest) {
          const loaded = load.call(this, request, ...rest);
          if (request !== 'lokijs' || loaded.storesBeforeAnswers) return loaded;
          loaded.storesBeforeAnswers = true;
          const addCollection = loaded.prototype.addCollection;
          loaded.prototype.addCollection = function (...args) { databases.add(this); return addCollection.apply(this, args); };
          const getCollection = loaded.prototype.getCollection;
          loaded.prototype.getCollection = function (...args) { databases.add(this); return getCollection.apply(this, args); };
          return loaded;
        };
        let saving = null;
        let next = null;
        const saveAll = () => Promise.all([...databases].map(db =>
          new Promise((resolve, reject) => db.saveDatabase(error => error ? reject(error) : resolve()))));
        const stored = () => {
          if (!saving) return saving = saveAll().finally(() => { saving = null; });
          return next ??= saving.catch(() => {}).then(() => { next = null; return saving = saveAll().finally(() => { saving = null; }); });
        };
        const end = http.ServerResponse.prototype.end;
        http.ServerResponse.prototype.end = function (...args) {
          if (this.req && (this.req.method === 'GET' || this.req.method === 'HEAD')) return end.apply(this, args);
          stored().then(() => end.apply(this, args), () => this.destroy());
          return this;
        };
        """;

    /// <summary>Writes the lines to a file, and tells its path.</summary>
    public static string WriteTo(string directory)
    {
        var path = Path.Combine(directory, "durability.cjs");
        File.WriteAllText(path, Script);
        return path;
    }
}
