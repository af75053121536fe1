using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests;

/// <summary>Ledgers made of rows as a test wants them.</summary>
internal static class Ledgers
{
    /// <summary>Puts rows into the segments of their hours.</summary>
    /// <param name="folder">The ledger's.</param>
    /// <param name="writer">Any.</param>
    /// <param name="rows">Of one partition.</param>
    /// <param name="cancellationToken">Of the test.</param>
    /// <param name="first">The first record they are said to be of.</param>
    /// <param name="last">The last.</param>
    /// <param name="partition">Their partition.</param>
    internal static async Task PutAsync(
        string folder, SegmentWriter writer, IReadOnlyCollection<LedgerRow> rows, CancellationToken cancellationToken, long first = 1, long last = 1, int partition = 0)
    {
        foreach (var (hour, file) in await writer.WriteAsync(rows, () => Path.Combine(folder, Path.GetRandomFileName()), cancellationToken))
        {
            // Not through the store, which waits for the disk: many small files would take long.
            var path = Path.Combine(folder, new SegmentName(hour, partition, first, last).Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Move(file, path, overwrite: true);
        }
    }
}
