using System.Runtime.CompilerServices;
using Azure;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Azure;

/// <summary>Takes a segment apart into its records, a few megabytes at a time.</summary>
internal sealed class SegmentReader(SegmentedLog log, long first)
{
    // A frame never has more, so each page has at least one whole.
    private const int PageBytes = 4 << 20;

    /// <summary>Reads the records of the segment.</summary>
    /// <param name="length">Its bytes as they were listed. Of the log's last segment no more is read than this.</param>
    /// <param name="last">
    /// The last record it must have: the one before its successor's first. Null for the log's last segment, which ends wherever it does.
    /// </param>
    /// <param name="cancellationToken">Ends the read.</param>
    /// <exception cref="JournalStoreException">Records are damaged or missing, or the store cannot be reached.</exception>
    public async IAsyncEnumerable<JournalRecord> ReadAsync(long length, long? last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (offset, next) = (0L, first);
        while (true)
        {
            while (offset < length)
            {
                if (await PageAsync(offset, Math.Min(PageBytes, length - offset), cancellationToken) is not { } page)
                {
                    // Trimmed away meanwhile, and so of no account any more.
                    yield break;
                }

                var begin = 0;
                while (Next(page.Span[begin..]) is { } bytes)
                {
                    if (RecordFrame.Read(bytes)!.Value.Number != next)
                    {
                        throw RecordFrame.Damaged(log.Name(first), offset + begin);
                    }

                    yield return new JournalRecord(next++, bytes.AsMemory(RecordFrame.HeaderBytes));
                    begin += bytes.Length;
                }

                if (begin == 0)
                {
                    throw RecordFrame.Damaged(log.Name(first), offset);
                }

                offset += begin;
            }

            if (last is null || next == last + 1)
            {
                yield break;
            }

            // The listing goes from page to page, and the segment may have grown before its successor was listed.
            var found = await log.FindAsync(first, cancellationToken);
            if (found is null)
            {
                yield break;
            }

            length = found.Length > length
                ? found.Length
                : throw new JournalStoreException($"Segment '{log.Name(first)}' ends at record {next - 1}, but the next segment begins after record {last}.");
        }
    }

    /// <summary>A copy of the frame that begins here: small records must not hold on to a page. Null when it is cut off or is none.</summary>
    private static byte[]? Next(ReadOnlySpan<byte> bytes) =>
        RecordFrame.Read(bytes) is { } header && header.Length <= bytes.Length - RecordFrame.HeaderBytes
            ? bytes[..(RecordFrame.HeaderBytes + header.Length)].ToArray()
            : null;

    private async Task<ReadOnlyMemory<byte>?> PageAsync(long offset, long count, CancellationToken cancellationToken)
    {
        try
        {
            return await log.ReadAsync(first, offset, count, cancellationToken);
        }
        catch (RequestFailedException missing) when (AzureFault.IsMissing(missing))
        {
            return null;
        }
    }
}
