using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Core.Tests.Accounts;

public sealed class RememberedIdsTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private static readonly Gen<(int Id, int Text, int Seconds)[]> Requests =
        Gen.Select(Gen.Int[0, 40], Gen.Frequency((20, Gen.Int[0, 40]), (1, Gen.Int[0, 20_000])), Gen.Int[0, 5]).Array[0, 400];

    [Fact]
    public void It_remembers_what_a_list_of_all_operations_would() =>
        Gen.Select(Gen.Int[1, 30], Gen.Int[0, 400], Requests).Sample((maxIds, restartAt, requests) =>
        {
            var limits = new AccountLimits { MaxIds = maxIds, IdWindow = TimeSpan.FromSeconds(60) };
            var remembered = new RememberedIds();
            var restarted = new RememberedIds();
            var listed = new List<Charged>();
            var now = Start;
            foreach (var (id, text, seconds) in requests)
            {
                restarted = restartAt-- == 0 ? ReadBack(restarted) : restarted;
                now += TimeSpan.FromSeconds(seconds);
                var operation = Operation($"id-{id}", now, new string('x', text));
                Assert.Equal(listed.Find(known => known.Id == operation.Id)?.Encoded, remembered.Find(operation.Id)?.Encoded);
                if (!listed.Exists(known => known.Id == operation.Id))
                {
                    remembered.Add(operation);
                    listed.Add(operation);
                    remembered.Forget(now, limits, new Reversals());
                    restarted.Add(operation);
                    restarted.Forget(now, limits, new Reversals());
                    listed.RemoveAll(known => known.At <= now - limits.IdWindow);
                    listed.RemoveRange(0, Math.Max(0, listed.Count - maxIds));
                }

                Assert.Equal(listed.Count, remembered.Count);
            }

            Assert.All(listed, known => Assert.Equal(known.Encoded, remembered.Find(known.Id)?.Encoded));
            Assert.All(listed, known => Assert.Equal(known.Encoded, restarted.Find(known.Id)?.Encoded));
            Assert.Equal(listed.Count, ReadBack(remembered).Count);
            Assert.Equal(BytesOf(remembered), BytesOf(ReadBack(remembered)));
            Assert.Equal(BytesOf(remembered), BytesOf(restarted));
        });

    [Fact]
    public void A_block_that_is_sealed_has_the_same_bytes_from_then_on_and_wherever_it_was_restarted()
    {
        var limits = new AccountLimits { MaxIds = 2_000 };
        var (steady, restarted) = (new RememberedIds(), new RememberedIds());
        var written = new Dictionary<long, byte[]>();
        for (var i = 0; i < 6_000; i++)
        {
            foreach (var remembered in new[] { steady, restarted })
            {
                remembered.Add(Operation($"request-{i}", Start.AddSeconds(i / 100), ""));
                remembered.Forget(Start.AddSeconds(i / 100), limits, new Reversals());
            }

            restarted = i % 331 == 0 ? ReadBack(restarted) : restarted;
            if (i % 97 == 0)
            {
                foreach (var (number, bytes) in Blocks(steady).Concat(Blocks(restarted)).Where(block => block.IsSealed).Select(block => (block.Number, block.Bytes)))
                {
                    Assert.Equal(written.TryGetValue(number, out var before) ? before : written[number] = bytes, bytes);
                }
            }
        }

        Assert.InRange(written.Count, 6, 100);
        Assert.Equal(Enumerable.Range(0, written.Count).Select(number => (long)number), written.Keys.Order());
    }

    [Fact]
    public void Blocks_that_do_not_belong_to_the_state_are_damaged()
    {
        var remembered = Remembering(3_000);
        var blocks = Blocks(remembered).Select(block => block.Bytes).ToArray();
        Assert.True(blocks.Length > 2);

        Assert.Throws<FormatException>(() => ReadBack(Places(remembered), blocks[..^1]));
        Assert.Throws<FormatException>(() => ReadBack(Places(remembered), [.. blocks, blocks[^1]]));
        Assert.Throws<FormatException>(() => ReadBack(Places(remembered), [blocks[0], .. blocks[..^1]]));
        Assert.Equal(3_000, ReadBack(Places(remembered), blocks).Count);
    }

    [Fact]
    public void A_block_is_written_in_much_fewer_bytes_than_its_entries_have()
    {
        var entries = Enumerable.Range(0, 400).Sum(i => Operation($"request-{i:D6}", Start.AddSeconds(i), "default").Encoded.Length);
        var remembered = new RememberedIds();
        foreach (var i in Enumerable.Range(0, 400))
        {
            remembered.Add(Operation($"request-{i:D6}", Start.AddSeconds(i), "default"));
        }

        Assert.InRange(Blocks(remembered).Sum(block => block.Bytes.Length), 400, entries / 2);
    }

    [Fact]
    public void Two_ids_of_one_hash_are_two_ids()
    {
        var (first, second) = OfOneHash();
        var remembered = new RememberedIds();
        remembered.Add(Operation(first, Start, ""));
        Assert.Null(remembered.Find(second));

        remembered.Add(Operation(second, Start.AddSeconds(1), ""));
        Assert.Equal((first, second), (remembered.Find(first)?.Id, remembered.Find(second)?.Id));

        remembered.Forget(Start.AddHours(24), new AccountLimits(), new Reversals());
        Assert.Null(remembered.Find(first));
        Assert.Equal(second, remembered.Find(second)?.Id);
    }

    [Fact]
    public void An_id_in_another_script_is_told_apart_from_every_other()
    {
        var remembered = new RememberedIds();
        remembered.Add(Operation("ключ", Start, ""));
        remembered.Add(Operation("キー", Start, ""));

        Assert.Equal("ключ", remembered.Find("ключ")?.Id);
        Assert.Equal("キー", remembered.Find("キー")?.Id);
        Assert.Null(remembered.Find("ключи"));
    }

    [Fact]
    public void Bytes_that_name_an_id_twice_are_damaged()
    {
        var remembered = new RememberedIds();
        remembered.Add(Operation("twice", Start, ""));
        remembered.Add(Operation("twine", Start, ""));
        var bytes = Blocks(remembered)[0].Bytes;
        bytes[bytes.AsSpan().LastIndexOf("n"u8)] = (byte)'c';

        Assert.Throws<FormatException>(() => ReadBack(Places(remembered), [bytes]));
    }

    [Fact]
    public void Ids_take_little_more_memory_than_their_entries_whether_few_or_many()
    {
        Assert.InRange(Remembering(3).BytesTaken, 0, 500);
        Assert.InRange(Remembering(10_000).BytesTaken, 0, (10_000 * (LengthOfEntry + 24 + 16)) + OperationBlocks.MaxBlock);
    }

    [Fact]
    public void What_many_ids_took_is_given_back_when_they_are_forgotten()
    {
        var limits = new AccountLimits();
        var remembered = Remembering(10_000);
        remembered.Add(Operation("last", Start + limits.IdWindow, ""));
        for (var i = 0; i < 20; i++)
        {
            remembered.Forget(Start + limits.IdWindow, limits, new Reversals());
        }

        Assert.Equal(1, remembered.Count);
        Assert.Equal("last", remembered.Find("last")?.Id);
        Assert.InRange(remembered.BytesTaken, 0, 500);
        Assert.InRange(ReadBack(remembered).BytesTaken, 0, 500);
    }

    // Hashes differ from run to run; among so many ids of 31 bits of hash some two agree, all but certainly.
    private static (string First, string Second) OfOneHash()
    {
        var byHash = new Dictionary<int, string>();
        for (var i = 0; ; i++)
        {
            var id = $"id-{i}";
            if (!byHash.TryAdd(string.GetHashCode(id, StringComparison.Ordinal) & int.MaxValue, id))
            {
                return (byHash[string.GetHashCode(id, StringComparison.Ordinal) & int.MaxValue], id);
            }
        }
    }

    private static RememberedIds Remembering(int ids)
    {
        var remembered = new RememberedIds();
        for (var i = 0; i < ids; i++)
        {
            remembered.Add(Operation($"request-{i}", Start, ""));
        }

        return remembered;
    }

    private static int LengthOfEntry => Operation("request-9999", Start, "").Encoded.Length;

    /// <summary>All that is written of them.</summary>
    private static byte[] BytesOf(RememberedIds remembered) => [.. Places(remembered), .. Blocks(remembered).SelectMany(block => block.Bytes)];

    private static byte[] Places(RememberedIds remembered)
    {
        var writer = new ByteWriter();
        remembered.Write(writer);
        return writer.ToArray();
    }

    private static (long Number, bool IsSealed, byte[] Bytes)[] Blocks(RememberedIds remembered)
    {
        var blocks = Array.ConvertAll(remembered.TakeBlocks(0), static block =>
        {
            var writer = new ByteWriter();
            block.Write(writer);
            return (block.Number, block.IsSealed, writer.ToArray());
        });
        remembered.GiveBackBlocks();
        return blocks;
    }

    private static RememberedIds ReadBack(RememberedIds remembered) => ReadBack(Places(remembered), Array.ConvertAll(Blocks(remembered), block => block.Bytes));

    private static RememberedIds ReadBack(byte[] places, byte[][] blocks)
    {
        var reader = new ByteReader(places);
        return RememberedIds.Read(ref reader, Array.ConvertAll(blocks, static block => new ReadOnlyMemory<byte>(block)));
    }

    private static Charged Operation(string id, DateTimeOffset at, string card) => new()
    {
        Sequence = 1,
        At = at,
        Balance = Credits.Zero,
        Available = Credits.Zero,
        Id = id,
        Mode = ChargeMode.Enforce,
        PeriodStart = Start,
        Card = card,
        Version = 1,
        Lines = [],
        Payment = Payment.None,
    };
}
