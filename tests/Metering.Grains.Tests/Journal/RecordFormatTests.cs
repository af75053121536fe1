using System.Text;
using CsCheck;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class RecordFormatTests
{
    private static readonly Guid Writer = new("6f6d9a58-0f53-4a5f-9d7e-3b1c8a2f4e10");

    [Fact]
    public void Record_reads_back_with_one_chunk_per_account_in_the_order_of_their_first_entries()
    {
        var record = Build(number: 7, previous: 42, mark: 3, ("acme", 5, "a5"), ("globex", 2, "g2"), ("acme", 6, "a6"), ("acme", 7, "a7"));
        Assert.True(RecordReader.TryReadHeader(record, out var header, out _));
        Assert.Equal((Writer, 7L, 42UL, 3L, 2), (header.Writer, header.Number, header.Previous, header.Mark, header.Chunks));
        Assert.Equal([("acme", 7L, "a5a6a7", true), ("globex", 2L, "g2", true)], Chunks(record));
    }

    [Fact]
    public void Record_is_exactly_header_index_and_entries_long()
    {
        // 64 of header; per account 21 and its id; the entries.
        Assert.Equal(64 + (21 + 4) + (21 + 6) + 8, Build(1, 0, 0, ("acme", 1, "aaaa"), ("globex", 1, "gggg")).Length);
        Assert.Equal(64, Build(1, 0, 0).Length);
    }

    [Fact]
    public void Any_changed_byte_of_header_or_index_is_noticed_and_of_a_chunk_touches_its_account_alone()
    {
        var record = Build(7, 42, 3, ("acme", 5, "aaaa"), ("globex", 2, "gggg"));
        var firstEntry = record.Length - 8;
        for (var at = 0; at < record.Length; at++)
        {
            var damaged = (byte[])record.Clone();
            damaged[at] ^= 0x10;
            var isReadable = RecordReader.TryReadHeader(damaged, out _, out _);
            Assert.Equal(at >= firstEntry, isReadable);
            if (isReadable)
            {
                Assert.Equal([at >= firstEntry + 4, at < firstEntry + 4], Chunks(damaged).Select(chunk => chunk.IsIntact));
            }
        }
    }

    [Fact]
    public void Record_that_was_cut_off_loses_the_accounts_beyond_the_cut_and_in_its_index_all()
    {
        var record = Build(7, 42, 3, ("acme", 5, "aaaa"), ("globex", 2, "gggg"));
        for (var length = 0; length < record.Length; length++)
        {
            var isReadable = RecordReader.TryReadHeader(record.AsSpan(0, length), out _, out _);
            Assert.Equal(length >= record.Length - 8, isReadable);
            if (isReadable)
            {
                Assert.Equal([length >= record.Length - 4, false], Chunks(record[..length]).Select(chunk => chunk.IsIntact));
            }
        }
    }

    [Fact]
    public void Record_with_bytes_after_its_last_chunk_is_refused()
    {
        byte[] longer = [.. Build(7, 42, 3, ("acme", 5, "aaaa")), 0];
        Assert.True(RecordReader.TryReadHeader(longer, out _, out _));
        Assert.False(RecordReader.TryReadChunks(longer, [], out var fault));
        Assert.Equal("the record is longer than its index says", fault);
    }

    [Fact]
    public void Record_of_a_later_format_is_refused_by_its_version()
    {
        var record = Build(7, 42, 3, ("acme", 5, "aaaa"));
        record[RecordFormat.VersionOffset] = 2;
        Assert.False(RecordReader.TryReadHeader(record, out _, out var fault));
        Assert.Equal("the record's format version is 2; this silo reads 1", fault);
    }

    [Fact]
    public void Whatever_the_bytes_reading_answers_and_does_not_throw() =>
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[0, 1000], Gen.Bool).Sample((noise, seed, sealsItself) =>
        {
            // Half of the time noise over a good record whose checksum is made to fit again: the reader must not trust what it says.
            var record = Build(7, 42, 3, ("acme", 5, "aaaa"), ("globex", 2, "gggg"));
            var bytes = noise;
            if (sealsItself)
            {
                bytes = (byte[])record.Clone();
                for (var i = 0; i < noise.Length % 8; i++)
                {
                    bytes[(seed + (i * 31)) % bytes.Length] = noise[i];
                }

                Reseal(bytes);
            }

            if (RecordReader.TryReadHeader(bytes, out _, out _))
            {
                RecordReader.TryReadChunks(bytes, [], out _);
            }
        });

    internal static byte[] Build(long number, ulong previous, long mark, params (string Account, long Sequence, string Entries)[] appends)
    {
        var pending = new PendingRecord();
        pending.Begin(1);
        var tails = new Dictionary<string, AccountTail>();
        foreach (var (account, sequence, entries) in appends)
        {
            tails.TryAdd(account, new AccountTail(account, account.Length));
            Assert.True(pending.TryAdd(tails[account], sequence, Encoding.UTF8.GetBytes(entries), 0, int.MaxValue));
        }

        var record = new byte[pending.Bytes];
        pending.WriteTo(record, Writer, number, previous, mark);
        return record;
    }

    private static void Reseal(byte[] record)
    {
        var indexBytes = BitConverter.ToInt32(record, RecordFormat.IndexBytesOffset);
        if (indexBytes >= 0 && indexBytes <= record.Length - RecordFormat.HeaderBytes)
        {
            BitConverter.TryWriteBytes(record.AsSpan(RecordFormat.ChecksumOffset), RecordFormat.HeaderChecksum(record, indexBytes));
        }
    }

    private static List<(string Account, long Sequence, string Entries, bool IsIntact)> Chunks(byte[] record)
    {
        var chunks = new List<RecordChunk>();
        Assert.True(RecordReader.TryReadChunks(record, chunks, out var fault), fault);
        return [.. chunks.Select(chunk => (chunk.Account, chunk.Sequence, Encoding.UTF8.GetString(chunk.Entries.Span), chunk.IsIntact))];
    }
}
