using System.Diagnostics.CodeAnalysis;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>All logs, as the durable batches make them. Under the journal's lock.</summary>
internal sealed class JournalLogs
{
    public const int MaxLogs = (1 << 19) - 1;

    private readonly Dictionary<string, JournalLog> _byName = new(StringComparer.Ordinal);
    private readonly List<JournalLog> _byId = [];

    public IReadOnlyList<JournalLog> All => _byId;

    public bool TryGet(string name, [MaybeNullWhen(false)] out JournalLog log) => _byName.TryGetValue(name, out log);

    public JournalLog Get(int id) => id >= 1 && id <= _byId.Count ? _byId[id - 1] : throw Damaged($"log {id} is not known");

    /// <summary>Takes what an item says for a fact.</summary>
    /// <param name="item">It.</param>
    /// <param name="segment">The file it is in.</param>
    /// <param name="offset">Where its bytes are.</param>
    /// <param name="name">Its bytes as text, for a log.</param>
    /// <exception cref="JournalStoreException">It cannot be one: what came before it is missing.</exception>
    public void Apply(BatchItem item, JournalSegment segment, long offset, Func<string> name)
    {
        switch (item.Kind)
        {
            case BatchItemKind.Log:
                Add(item.Log, name(), item.Number);
                break;
            case BatchItemKind.Record when Get(item.Log) is var log && item.Number == log.Last + 1:
                log.Add(new RecordPlace(segment, offset, item.Length));
                break;
            case BatchItemKind.Kept when Get(item.Log) is { Count: > 0 } log && item.Number == log.Last:
                log.Move(new RecordPlace(segment, offset, item.Length));
                break;
            case BatchItemKind.Kept when Get(item.Log) is { Count: 0, Before: > 0 } log && item.Number == log.Before:
                log.AddKept(new RecordPlace(segment, offset, item.Length));
                break;
            case BatchItemKind.Trim:
                Get(item.Log).Trim(item.Number);
                break;
            case BatchItemKind.Record or BatchItemKind.Kept:
                throw Damaged($"record {item.Number} of log '{Get(item.Log).Name}' does not follow record {Get(item.Log).Last}");
            default:
                throw Damaged($"{item.Kind} is no kind of item");
        }
    }

    private void Add(int id, string name, long last)
    {
        if (id <= _byId.Count && Get(id) is var known && known.Name == name && known.Last == last)
        {
            return;
        }

        var log = new JournalLog(id, name);
        if (id != _byId.Count + 1 || !_byName.TryAdd(name, log))
        {
            throw Damaged($"log {id} is said to be '{name}' with {last} records");
        }

        log.BeginBehind(last);
        _byId.Add(log);
    }

    private static JournalStoreException Damaged(string what) =>
        new($"The journal is damaged: {what}. Restore the data directory from a backup; do not start on it.");
}
