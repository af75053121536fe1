using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Azure;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Azure;

/// <summary>
/// The journal in Azure Blob Storage: a log is a chain of append blobs, its segments; a record is an append block. <see cref="SegmentWriter"/> has the argument for
/// the fence.
/// </summary>
internal sealed class AzureJournalStore(AzureContainer container, ILogger<AzureJournalStore> logger) : IJournalStore, IAnsweringStore, IDisposable
{
    // The most an append block takes in every version of the service.
    private const int MaxFrameBytes = 4 << 20;

    private readonly ConcurrentDictionary<string, SegmentWriter> _writers = new(StringComparer.Ordinal);

    public int MaxRecordBytes => MaxFrameBytes - RecordFrame.HeaderBytes;

    public bool IsShared => true;

    // An acknowledged block is on several disks.
    public bool MayLoseTail => false;

    public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken) => Writer(log).OpenAsync(cancellationToken);

    public Task<long> LastAsync(string log, CancellationToken cancellationToken) => Writer(log).LastAsync(cancellationToken);

    public Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(record.Length, nameof(record));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, MaxRecordBytes, nameof(record));

        // Copied: an append whose caller gave up goes on, and the caller may use its buffer for something else.
        var append = Guid.NewGuid();
        return Writer(log).AppendAsync(number, append, RecordFrame.Write(number, append, record.Span), cancellationToken);
    }

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        ArgumentOutOfRangeException.ThrowIfNegative(after);

        var blobs = new SegmentedLog(container, log);
        var list = await blobs.ListAsync(cancellationToken);
        var from = Math.Max(after, list.Trimmed);
        for (var index = 0; index < list.Segments.Count; index++)
        {
            long? last = index + 1 < list.Segments.Count ? list.Segments[index + 1].First - 1 : null;
            if (last <= from)
            {
                continue;
            }

            var (first, length) = list.Segments[index];
            await foreach (var record in new SegmentReader(blobs, first).ReadAsync(length, last, cancellationToken))
            {
                if (record.Number > from)
                {
                    yield return record;
                }
            }
        }
    }

    public async Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);

        // Never the last record: its number must outlive the trim.
        var blobs = new SegmentedLog(container, log);
        var end = Math.Min(through, await Writer(log).LastAsync(cancellationToken) - 1);
        SegmentList list;
        do
        {
            // Listed after the last number was known: what is deleted below has a successor in the list that holds, or will hold, what comes after the trim.
            list = await blobs.ListAsync(cancellationToken);
        }
        while (end > list.Trimmed && !await blobs.NoteTrimAsync(end, list.TrimmedVersion, cancellationToken));

        // The note comes first: a segment is gone only from where the note says that nothing is.
        end = Math.Max(end, list.Trimmed);
        for (var index = 0; index + 1 < list.Segments.Count && list.Segments[index + 1].First - 1 <= end; index++)
        {
            await blobs.DeleteAsync(list.Segments[index].First, cancellationToken);
        }
    }

    public async Task AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            await container.RunAsync(cancellation => container.Blobs.ExistsAsync(cancellation), cancellationToken);
        }
        catch (JournalStoreException refusal) when (refusal.InnerException is RequestFailedException { Status: > 0 })
        {
            // An answer all the same.
        }
    }

    public void Dispose()
    {
        foreach (var writer in _writers.Values)
        {
            writer.Dispose();
        }
    }

    private SegmentWriter Writer(string log)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        return _writers.GetOrAdd(log, name => new SegmentWriter(new SegmentedLog(container, name), name, container.Options, logger));
    }
}
