using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded.Files;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded;

/// <summary>What one process keeps in a directory of its own: the journal in files, and the states of grains in a database.</summary>
internal sealed class EmbeddedStore : IDisposable
{
    public const string JournalFolder = "journal";

    private readonly DataDirectory _directory;
    private readonly JournalFiles _files;
    private bool _isClosed;

    private EmbeddedStore(DataDirectory directory, EmbeddedDatabase database, JournalFiles files, ILogger log)
    {
        (_directory, _files, Database) = (directory, files, database);
        Journal = new JournalWriter(directory.FilePath(JournalFolder), files, log);
    }

    public EmbeddedDatabase Database { get; }

    public JournalWriter Journal { get; }

    /// <summary>Whether somebody copies the directory.</summary>
    public bool IsHeld => _files.IsHeld;

    /// <summary>Claims the directory and opens what is in it, creating what is not there.</summary>
    /// <exception cref="DataDirectoryException">The directory cannot be used.</exception>
    /// <exception cref="JournalStoreException">What is in it cannot be opened, is not all there, is damaged, or is newer than this program.</exception>
    public static EmbeddedStore Open(string dataDirectory, ILogger<EmbeddedStore> log)
    {
        var directory = DataDirectory.Claim(dataDirectory);
        var (file, folder) = (directory.FilePath(EmbeddedDatabase.FileName), directory.FilePath(JournalFolder));
        DatabaseConnection? connection = null;
        JournalFiles? files = null;
        try
        {
            RefuseOrphanedWal(file);
            connection = DatabaseConnection.Open(file);
            DatabaseSchema.OpenForWriting(connection, file);
            files = OpenJournal(connection, file, folder, log);
            var database = new EmbeddedDatabase(file, connection, log);
            return new EmbeddedStore(directory, database, files, log);
        }
        catch (Exception failure)
        {
            files?.Dispose();
            connection?.Dispose();
            directory.Dispose();
            var fault = failure is SqliteException sqlite ? StoreFault.From(sqlite, file) : StoreFault.From(failure, folder);
            if (ReferenceEquals(fault, failure))
            {
                throw;
            }

            throw fault;
        }
    }

    /// <summary>The next records of a log, some of them; none when there are no more.</summary>
    /// <exception cref="JournalStoreException">They cannot be read.</exception>
    public List<JournalRecord> ReadPage(string log, long after)
    {
        var page = _files.TakePage(log, after);
        try
        {
            return [.. page.Select(static each => new JournalRecord(each.Number, JournalFiles.ReadPlace(each.Place)))];
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            throw exception is ObjectDisposedException ? WriteQueue.Closed() : StoreFault.From(exception, _directory.FilePath(JournalFolder));
        }
        finally
        {
            _files.GiveBack(page);
        }
    }

    /// <summary>Writes what waits, closes everything, and gives the directory up last.</summary>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        Journal.Dispose();
        Database.Dispose();
        _directory.Dispose();
    }

    private static JournalFiles OpenJournal(DatabaseConnection connection, string file, string folder, ILogger log)
    {
        if (DatabaseSchema.HasRecords(connection))
        {
            return JournalUpgrade.Run(connection, file, folder, log);
        }

        var segments = JournalFiles.SegmentsIn(folder);
        if (DatabaseSchema.JournalOf(connection) is { } journal)
        {
            return segments.Count > 0
                ? JournalFiles.Open(folder, journal)
                : throw new JournalStoreException($"'{folder}' has no journal, and '{file}' beside it belongs to one. Restore both from one backup.");
        }

        // A journal is begun before the database is, so one with nothing in it is of a start that was cut short.
        if (segments.Exists(JournalFiles.HasBatches))
        {
            throw new JournalStoreException($"'{file}' is missing or empty, but the journal in '{folder}' is there. Restore both from one backup.");
        }

        var created = Guid.NewGuid();
        var files = JournalFiles.Create(folder, created);
        try
        {
            DatabaseSchema.Create(connection, created);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static void RefuseOrphanedWal(string file)
    {
        // SQLite deletes a write-ahead log that has no database beside it, and with it what may be the last copy of a balance.
        var wal = new FileInfo(file + "-wal");
        if (wal is { Exists: true, Length: > 0 } && new FileInfo(file) is not { Exists: true, Length: > 0 })
        {
            throw new JournalStoreException($"'{file}' is missing, but its write-ahead log '{wal.FullName}' is there. Restore both files from one backup.");
        }
    }
}
