using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Entries;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Accounts;

/// <summary>The laws that hold at every sequence, whatever callers do. A failure prints the seed; <c>CsCheck_Seed=… ./test</c> repeats it.</summary>
public sealed class LedgerLawTests
{
    private const int Games = 2_000;

    private static readonly string[] Meters = ["calls", "tokens", "disk", "drops"];

    private static readonly string[] Fractions = ["", ".5", ".000000001", ".333333333"];

    private static readonly Gen<string> Amount = Gen.Select(Gen.Int[0, 30], Gen.Int[0, 3].Select(index => Fractions[index])).Select((whole, rest) => $"{whole}{rest}");

    private static readonly Gen<Action<Scene>> Step = Gen.Frequency(
        (6, Gen.Select(Gen.Int[0, 40], Gen.Int[0, 3], Amount, Gen.Int[0, 2], Gen.Int[-90, 6]).Select<int, int, string, int, int, Action<Scene>>((id, meter, quantity, mode, minutes) => scene =>
            scene.Charge(Use($"c{id}", Meters[meter], quantity, (ChargeMode)mode, minutes % 3 == 0 ? scene.Clock.AddMinutes(minutes) : null)))),
        (2, Gen.Select(Gen.Int[0, 40], Amount, Amount).Select<int, string, string, Action<Scene>>((id, first, second) => scene =>
            scene.Charge(new Charge($"m{id}", [Line("disk", first), Line("tokens", second), Line("disk", "1")], null, ChargeMode.Record)))),
        (3, Gen.Select(Gen.Int[0, 20], Amount, Gen.Int[0, 3], Gen.Int[-5, 50], Gen.Int[1, 90], Gen.Bool).Select<int, string, int, int, int, bool, Action<Scene>>((id, amount, priority, from, hours, limited) => scene =>
            scene.Grant(Terms($"g{id}", amount is "0" ? "1" : amount, priority, scene.Clock.AddHours(from), scene.Clock.AddHours(hours + Math.Max(from, 0)), limited ? ["tok*", "disk"] : [])))),
        (1, Gen.Int[0, 20].Select<int, Action<Scene>>(id => scene => scene.Void($"g{id}"))),
        (1, Gen.Int[0, 30].Select<int, Action<Scene>>(limit => scene => scene.Set(creditLimit: $"{limit}"))),
        (3, Gen.Int[-10, 600].Select<int, Action<Scene>>(minutes => scene => scene.Clock = scene.Clock.AddMinutes(minutes))),
        (1, Gen.Const<Action<Scene>>(scene => scene.Restart())));

    private static readonly Gen<Action<Scene>[]> Steps = Step.Array[1, 120];

    [Fact]
    public void Credits_are_conserved_at_every_sequence()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            var account = new Account("acme", new AccountLimits { MaxIds = 20 });
            var totals = new Totals();
            foreach (var entry in scene.Entries)
            {
                totals.Add(entry);
                account.Apply(entry);
                Assert.Equal(totals.Granted + account.Overage.Value, totals.Burned + totals.Expired + totals.Voided + account.Grants.Sum(grant => grant.Remaining.Value));
            }
        }, iter: Games);
    }

    [Fact]
    public void Replay_gives_the_same_bytes()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            Assert.Equal(Bytes(scene.Account), Bytes(scene.Replayed()));
        }, iter: Games);
    }

    [Fact]
    public void A_snapshot_at_any_sequence_and_the_entries_after_it_give_the_same_bytes()
    {
        Gen.Select(Steps, Gen.Int[0, 1000]).Sample((steps, at) =>
        {
            var scene = Played(steps);
            var limits = new AccountLimits { MaxIds = 20 };
            var account = new Account("acme", limits);
            for (var i = 0; i < scene.Entries.Count; i++)
            {
                if (i == at % scene.Entries.Count)
                {
                    account = Account.Read("acme", Bytes(account), limits);
                }

                account.Apply(Entry.Decode(scene.Entries[i].Encoded));
            }

            Assert.Equal(Bytes(scene.Account), Bytes(account));
        }, iter: Games);
    }

    [Fact]
    public void Enforce_never_takes_more_than_is_available_and_no_grant_goes_below_zero_or_above_its_amount()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            var account = new Account("acme", new AccountLimits { MaxIds = 20 });
            foreach (var entry in scene.Entries)
            {
                var before = account.Available;
                account.Apply(entry);
                if (entry is Charged { Mode: ChargeMode.Enforce, Credits.IsPositive: true })
                {
                    Assert.False(account.Available.IsNegative && before > account.Available && before.IsNegative, "An enforced charge went through without credits.");
                    Assert.False(account.Available.IsNegative && !before.IsNegative, "An enforced charge took more than was available.");
                }

                Assert.All(account.Grants, grant => Assert.InRange(grant.Remaining.Value, 0m, grant.Terms.Amount.Value));
                Assert.False(account.Overage.IsNegative);
            }
        }, iter: Games);
    }

    [Fact]
    public void Sequences_have_no_gaps_and_time_never_runs_backwards()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            Assert.Equal(Enumerable.Range(1, scene.Entries.Count).Select(number => (long)number), scene.Entries.Select(entry => entry.Sequence));
            Assert.True(scene.Entries.Zip(scene.Entries.Skip(1)).All(pair => pair.First.At <= pair.Second.At));
        }, iter: Games);
    }

    [Fact]
    public void Usage_of_a_period_costs_the_same_however_it_is_split_and_ordered()
    {
        Gen.Select(Gen.Int[0, 3].Select(index => Meters[index]), Amount.Array[1, 12], Gen.Shuffle(Enumerable.Range(0, 12).ToArray())).Sample((meter, amounts, order) =>
        {
            var split = new Scene();
            foreach (var index in order.Where(index => index < amounts.Length))
            {
                split.Charge($"c{index}", meter, amounts[index], ChargeMode.Record);
            }

            var whole = new Scene();
            var total = amounts.Sum(amount => decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture));
            whole.Charge("all", meter, total.ToString(System.Globalization.CultureInfo.InvariantCulture), ChargeMode.Record);

            Assert.Equal(whole.Account.Balance, split.Account.Balance);
        }, iter: Games);
    }

    [Fact]
    public void Damaged_bytes_are_recognised_or_read_as_something_else_but_never_crash()
    {
        Gen.Select(Steps, Gen.Int[0, 100_000], Gen.Int[1, 255], Gen.Int[0, 100_000]).Sample((steps, at, flip, cut) =>
        {
            var scene = Played(steps);
            var state = Bytes(scene.Account);
            var entry = scene.Entries[at % scene.Entries.Count].Encoded.ToArray();
            Damage(bytes => Account.Read("acme", bytes, new AccountLimits()), state, at, flip, cut);
            Damage(bytes => Entry.Decode(bytes), entry, at, flip, cut);
        }, iter: Games);
    }

    private static void Damage(Action<byte[]> read, byte[] bytes, int at, int flip, int cut)
    {
        bytes[at % bytes.Length] ^= (byte)flip;
        foreach (var damaged in new[] { bytes, bytes[..(cut % bytes.Length)] })
        {
            try
            {
                read(damaged);
            }
            catch (Exception failure) when (failure is FormatException or OverflowException or ArgumentException or InvalidOperationException)
            {
                // What the grain quarantines on.
            }
        }
    }

    private static Scene Played(Action<Scene>[] steps)
    {
        var scene = new Scene(new AccountLimits { MaxIds = 20 });
        foreach (var step in steps)
        {
            step(scene);
        }

        return scene;
    }

    private sealed class Totals
    {
        internal decimal Granted { get; private set; }
        internal decimal Burned { get; private set; }
        internal decimal Expired { get; private set; }
        internal decimal Voided { get; private set; }

        internal void Add(Entry entry)
        {
            switch (entry)
            {
                case GrantAdded added:
                    Granted += added.Terms.Amount.Value;
                    break;
                case GrantExpired expired:
                    Expired += expired.Forfeited.Value;
                    break;
                case GrantVoided voided:
                    Voided += voided.Forfeited.Value;
                    break;
                case Charged charged:
                    // What came back as a new grant was not un-burned from an old one.
                    Burned += charged.Credits.Value + (charged.Refund?.Credits.Value ?? 0m);
                    Granted += charged.Refund?.Credits.Value ?? 0m;
                    break;
                default:
                    break;
            }
        }
    }
}
