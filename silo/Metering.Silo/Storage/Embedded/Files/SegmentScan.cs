using System.Text;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>A batch that was found.</summary>
/// <param name="Head">Its head.</param>
/// <param name="HeadAndItems">Its head and items, as they are stored.</param>
/// <param name="Segment">Where.</param>
/// <param name="At">Its first byte there.</param>
internal sealed record FoundBatch(BatchHead Head, byte[] HeadAndItems, JournalSegment Segment, long At)
{
    public long End => At + Head.Bytes;

    /// <summary>Whether its bytes are those that were written: of the last batch of all, which may have been cut short, that is not certain.</summary>
    public bool HasItsPayload()
    {
        var payload = new byte[Head.PayloadBytes];
        return SegmentScan.ReadAll(Segment, payload, PayloadAt) && System.IO.Hashing.XxHash3.HashToUInt64(payload) == Head.PayloadHash;
    }

    public void ApplyTo(JournalLogs logs)
    {
        var offset = PayloadAt;
        for (var i = 0; i < Head.Items; i++)
        {
            var item = SegmentFormat.ReadItem(HeadAndItems, i);
            var at = offset;
            logs.Apply(item, Segment, at, () => TextAt(at, item.Length));
            offset += item.Length;
        }
    }

    private long PayloadAt => At + SegmentFormat.BatchHeadBytes + ((long)Head.Items * SegmentFormat.ItemBytes);

    private string TextAt(long offset, int length)
    {
        var bytes = new byte[length];
        return SegmentScan.ReadAll(Segment, bytes, offset) ? Encoding.UTF8.GetString(bytes) : throw new EndOfStreamException($"'{Segment.Path}' ends too early.");
    }
}

/// <summary>Finds the batches of a segment.</summary>
internal static class SegmentScan
{
    /// <summary>The batches from its beginning, as far as one follows the other. Their payload is not looked at.</summary>
    public static IEnumerable<FoundBatch> BatchesOf(JournalSegment segment)
    {
        for (var at = (long)SegmentFormat.BlockBytes; ReadBatch(segment, at) is { } batch; at = batch.End)
        {
            yield return batch;
        }
    }

    /// <summary>Where they end.</summary>
    public static long EndOf(JournalSegment segment) => BatchesOf(segment).Select(static batch => batch.End).DefaultIfEmpty(SegmentFormat.BlockBytes).Last();

    /// <summary>The first batch that is anywhere behind a place; null when there is none.</summary>
    public static FoundBatch? FindBehind(JournalSegment segment, long at)
    {
        for (; at < segment.Size; at += SegmentFormat.BlockBytes)
        {
            if (ReadBatch(segment, at) is { } batch)
            {
                return batch;
            }
        }

        return null;
    }

    public static bool ReadAll(JournalSegment segment, Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(segment.File, bytes, offset);
            if (read == 0)
            {
                return false;
            }

            bytes = bytes[read..];
            offset += read;
        }

        return true;
    }

    private static FoundBatch? ReadBatch(JournalSegment segment, long at)
    {
        var block = new byte[SegmentFormat.BlockBytes];
        if (at + block.Length > segment.Size || !ReadAll(segment, block, at) || SegmentFormat.ReadHead(block, segment.Head.Salt, segment.Size - at) is not { } head)
        {
            return null;
        }

        var headAndItems = block;
        if (SegmentFormat.BatchHeadBytes + (head.Items * SegmentFormat.ItemBytes) > block.Length)
        {
            headAndItems = new byte[SegmentFormat.BatchHeadBytes + (head.Items * SegmentFormat.ItemBytes)];
            if (!ReadAll(segment, headAndItems, at))
            {
                return null;
            }
        }

        return SegmentFormat.IsWhole(headAndItems, head) ? new FoundBatch(head, headAndItems, segment, at) : null;
    }
}
