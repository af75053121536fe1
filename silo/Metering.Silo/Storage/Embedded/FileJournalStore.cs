using System.Runtime.CompilerServices;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded.Files;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// The journal in files of its own. Appends to all logs that arrive while a batch is being written share the next.
/// </summary>
/// <remarks>
/// The fence is the look at the log's last number and the append behind it, on the one thread that writes: whoever comes second with a number finds it taken. Bytes are handed through as they are on disk: the record
/// format above carries the checksums, and so only the accounts that a damaged record touches are quarantined, not the whole log.
/// </remarks>
internal sealed class FileJournalStore(EmbeddedStore store) : IJournalStore
{
    /// <summary>A trim writes a line; what it makes room for costs nothing.</summary>
    private const long TrimBytes = SegmentFormat.ItemBytes;

    public int MaxRecordBytes => 64 << 20;

    // One process has the directory, and a batch is on the disk before it is told.
    public bool IsShared => false;

    public bool MayLoseTail => false;

    // Through the writer: an append whose caller gave up may still be waiting, and belongs in the answer.
    public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        return store.Journal.WriteAsync(bytes: 0, batch => batch.Open(log), cancellationToken);
    }

    public async Task<long> LastAsync(string log, CancellationToken cancellationToken) => (await OpenAsync(log, cancellationToken)).Last;

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentOutOfRangeException.ThrowIfNegative(after);

        // In pages: a reader that takes its time must not keep what was trimmed.
        List<JournalRecord> page;
        do
        {
            var from = after;

            // Never on the caller's thread: it may be a grain's turn, which must not wait for a disk.
            page = await Task.Run(() => store.ReadPage(log, from), cancellationToken);
            foreach (var record in page)
            {
                yield return record;
                after = record.Number;
            }
        }
        while (page.Count > 0);
    }

    public Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentOutOfRangeException.ThrowIfZero(record.Length, nameof(record));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, MaxRecordBytes, nameof(record));
        return store.Journal.WriteAsync(record.Length, batch => batch.Append(log, number, record.Span), cancellationToken);
    }

    public Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);

        // While somebody copies the directory nothing goes. What is trimmed now and then can as well be trimmed the next time.
        return store.IsHeld
            ? Task.CompletedTask
            : store.Journal.WriteAsync(
                TrimBytes,
                batch =>
                {
                    batch.Trim(log, through);
                    return true;
                },
                cancellationToken);
    }
}
