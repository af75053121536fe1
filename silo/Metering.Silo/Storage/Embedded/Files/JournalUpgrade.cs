using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// Moves the journal that an earlier version kept in tables of the database into files. The tables go in the transaction that names the files, so a move that was cut short begins anew.
/// </summary>
internal static class JournalUpgrade
{
    private const int NumberBits = 44;
    private const long NumberMask = (1L << NumberBits) - 1;

    public static JournalFiles Run(DatabaseConnection connection, string file, string folder, ILogger log)
    {
        var id = Guid.NewGuid();
        var files = JournalFiles.Create(folder, id);
        try
        {
            var records = Copy(connection, files);
            DatabaseSchema.MoveRecordsOut(connection, id);
            Log.JournalMoved(log, file, records);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static long Copy(DatabaseConnection connection, JournalFiles files)
    {
        var logs = new List<(long Id, string Name)>();
        using var names = connection.NewStatement("SELECT id, name FROM logs ORDER BY id");
        while (names.Step())
        {
            logs.Add((names.Number(0), names.Text(1)));
        }

        var (batch, records) = (new JournalBatch(files), 0L);
        foreach (var (id, name) in logs)
        {
            // A record's key was its log's id and its number in one.
            using var rows = connection.NewStatement("SELECT id, bytes FROM records WHERE id >= ?1 AND id < ?2 ORDER BY id");
            rows.Bind(1, id << NumberBits).Bind(2, (id + 1) << NumberBits);
            batch.Clear();
            for (var isFirst = true; rows.Step(); isFirst = false)
            {
                var number = rows.Number(0) & NumberMask;
                if (isFirst)
                {
                    batch.Begin(name, before: number - 1);
                }

                if (batch.Append(name, number, rows.Bytes(1)) != AppendOutcome.Appended)
                {
                    throw new JournalStoreException($"Log '{name}' has no record before {number}. Restore the data directory from a backup; do not start on it.");
                }

                records++;
                Flush(files, batch, JournalWriter.MaxBytesPerBatch);
            }

            batch.Open(name);
            Flush(files, batch, minBytes: 0);
        }

        return records;
    }

    private static void Flush(JournalFiles files, JournalBatch batch, long minBytes)
    {
        if (!batch.IsEmpty && batch.Payload.Length >= minBytes)
        {
            files.Write(batch);
            batch.Clear();
        }
    }
}
