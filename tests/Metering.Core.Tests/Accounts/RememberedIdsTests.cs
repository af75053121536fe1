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
        Gen.Select(Gen.Int[1, 30], Requests).Sample((maxIds, requests) =>
        {
            var limits = new AccountLimits { MaxIds = maxIds, IdWindow = TimeSpan.FromSeconds(60) };
            var remembered = new RememberedIds();
            var listed = new List<Charged>();
            var now = Start;
            foreach (var (id, text, seconds) in requests)
            {
                now += TimeSpan.FromSeconds(seconds);
                var operation = Operation($"id-{id}", now, new string('x', text));
                Assert.Equal(listed.Find(known => known.Id == operation.Id)?.Encoded, remembered.Find(operation.Id)?.Encoded);
                if (!listed.Exists(known => known.Id == operation.Id))
                {
                    remembered.Add(operation);
                    listed.Add(operation);
                    remembered.Forget(now, limits, new Reversals());
                    listed.RemoveAll(known => known.At <= now - limits.IdWindow);
                    listed.RemoveRange(0, Math.Max(0, listed.Count - maxIds));
                }

                Assert.Equal(listed.Count, remembered.Count);
            }

            Assert.All(listed, known => Assert.Equal(known.Encoded, remembered.Find(known.Id)?.Encoded));
            Assert.Equal(listed.Select(known => known.Id), IdsIn(BytesOf(remembered)));
            Assert.Equal(BytesOf(remembered), BytesOf(ReadBack(BytesOf(remembered))));
        });

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
        var writer = new ByteWriter();
        writer.Instant(Start);
        writer.Count(2);
        writer.Bytes(Operation("twice", Start, "").Encoded);
        writer.Bytes(Operation("twice", Start, "").Encoded);

        Assert.Throws<FormatException>(() => ReadBack(writer.ToArray()));
    }

    [Fact]
    public void Ids_take_little_more_memory_than_their_entries_whether_few_or_many()
    {
        Assert.InRange(Remembering(3).BytesTaken, 0, 500);
        Assert.InRange(Remembering(10_000).BytesTaken, 0, (10_000 * (LengthOfEntry + 24 + 16)) + 16_384);
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
        Assert.InRange(remembered.BytesTaken, 0, 3 * 16_384);
        Assert.InRange(ReadBack(BytesOf(remembered)).BytesTaken, 0, 500);
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

    private static byte[] BytesOf(RememberedIds remembered)
    {
        var writer = new ByteWriter();
        remembered.Write(writer);
        return writer.ToArray();
    }

    private static RememberedIds ReadBack(byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        return RememberedIds.Read(ref reader);
    }

    private static List<string> IdsIn(byte[] bytes)
    {
        var reader = new ByteReader(bytes);
        reader.Instant();
        var ids = new List<string>();
        for (var left = reader.Count(); left > 0; left--)
        {
            ids.Add(((Operation)Entry.Decode(reader.Bytes())).Id);
        }

        return ids;
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
