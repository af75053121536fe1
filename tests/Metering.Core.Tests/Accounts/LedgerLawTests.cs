using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;
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
            scene.Charge(new Charge($"c{id}", [Team(Meters[meter], quantity, id)], minutes % 3 == 0 ? scene.Clock.AddMinutes(minutes) : null, (ChargeMode)mode)))),
        (2, Gen.Select(Gen.Int[0, 40], Amount, Amount).Select<int, string, string, Action<Scene>>((id, first, second) => scene =>
            scene.Charge(new Charge($"m{id}", [Team("disk", first, id), Team("tokens", second, id + 1), Line("disk", "1")], null, (ChargeMode)(id % 3))))),
        (3, Gen.Select(Gen.Int[0, 20], Amount, Gen.Int[0, 3], Gen.Int[-5, 50], Gen.Int[1, 90], Gen.Bool).Select<int, string, int, int, int, bool, Action<Scene>>((id, amount, priority, from, hours, limited) => scene =>
            scene.Grant(Terms($"g{id}", amount is "0" ? "1" : amount, priority, scene.Clock.AddHours(from), scene.Clock.AddHours(hours + Math.Max(from, 0)), limited ? ["tok*", "disk"] : [])))),
        (2, Gen.Select(Gen.Int[0, 20], Gen.Enum<PeriodUnit>(), Gen.Int[1, 3], Gen.Int[0, 9], Gen.Int[0, 9]).Select<int, PeriodUnit, int, int, int, Action<Scene>>((id, every, count, least, more) => scene =>
            scene.Grant(Terms($"g{id}", "7.5") with { Recurrence = new Recurrence(every, count, Start.AddDays(-70), Of($"{least}"), Of($"{least + more}")) }))),
        (4, Gen.Select(Gen.Int[0, 40], Gen.Int[0, 4], Amount, Gen.Int[1, 90], Gen.Bool).Select<int, int, string, int, bool, Action<Scene>>((id, meter, amount, minutes, upTo) => scene =>
            scene.Hold(new PlaceHold($"c{id}", meter == 4 ? null : Team(Meters[meter], amount, id), meter == 4 ? Of(amount) : null, TimeSpan.FromMinutes(minutes), upTo ? ChargeMode.UpTo : ChargeMode.Enforce)))),
        (5, Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40], Amount, Gen.Int[0, 7]).Select<int, int, string, int, Action<Scene>>((id, hold, amount, how) => scene =>
            scene.Settle(new Settle($"c{id}", $"c{hold}", (how & 1) == 0 ? null : Quantity.From(Of(amount).Value), (how & 1) == 0 ? Of(amount) : null, (how & 2) == 0, (how & 4) == 0 ? ChargeMode.Record : ChargeMode.Enforce)))),
        (1, Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40]).Select<int, int, Action<Scene>>((id, hold) => scene => scene.Release($"c{id}", $"c{hold}"))),
        (4, Gen.Select(Gen.Int[0, 40], Gen.Int[0, 40], Gen.Int[0, 3]).Select<int, int, int, Action<Scene>>((id, charge, part) => scene =>
            scene.Reverse($"c{id}", $"c{charge}", part == 0 ? null : $"{part}.333333333"))),
        (1, Gen.Select(Gen.Int[0, 3], Gen.Int[1, 30], Gen.Enum<BudgetWindow>(), Gen.Int[0, 3]).Select<int, int, BudgetWindow, int, Action<Scene>>((id, limit, window, how) => scene => scene.Put(new BudgetTerms
        {
            Id = $"b{id}",
            Meters = MeterPatterns.From(how == 0 ? ["disk"] : []),
            Dimensions = how == 1 ? [new Dimension("team", "*")] : [],
            Window = window,
            Limit = Of($"{limit}"),
            Thresholds = [50, 100],
            Action = how == 3 ? BudgetAction.Alert : BudgetAction.Block,
        }))),
        (1, Gen.Int[0, 3].Select<int, Action<Scene>>(id => scene => scene.RemoveBudget($"b{id}"))),
        (1, Gen.Select(Gen.Int[0, 9], Gen.Int[1, 60]).Select<int, int, Action<Scene>>((which, seconds) => scene => scene.Put(PolicyTerms.None with
        {
            Frozen = which == 0,
            MaximumCreditsPerCharge = which == 1 ? Of("9") : null,
            RateLimits = which > 4 ? [new RateLimit("*", Quantity.From(3m), seconds, Quantity.From(30m))] : [],
            Shadow = which is 1 or 9 ? [PolicyRule.MaximumCreditsPerCharge, PolicyRule.RateLimits] : [],
        }))),
        (2, Gen.Select(Gen.Int[0, 1], Gen.Int[1, 99]).Select<int, int, Action<Scene>>((producer, number) => scene =>
            scene.Charge(new Charge($"p{producer}:{number}", [Line("tokens", "0.5")], null, ChargeMode.UpTo, $"p{producer}", number)))),
        (1, Gen.Int[0, 20].Select<int, Action<Scene>>(id => scene => scene.Void($"g{id}"))),
        (1, Gen.Int[0, 30].Select<int, Action<Scene>>(limit => scene => scene.Set(creditLimit: $"{limit}"))),
        (3, Gen.Int[-10, 600].Select<int, Action<Scene>>(minutes => scene => scene.Clock = scene.Clock.AddMinutes(minutes))),
        (1, Gen.Const<Action<Scene>>(scene => scene.Restart())));

    private static readonly AccountLimits Limits = new() { MaxIds = 20, MaxOpenHolds = 5, MaxBudgetCounters = 2, MaxProducers = 1 };

    private static readonly Gen<Action<Scene>[]> Steps = Step.Array[1, 120];

    [Fact]
    public void Credits_are_conserved_at_every_sequence()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            var account = new Account("acme", Limits);
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
            var account = new Account("acme", Limits);
            for (var i = 0; i < scene.Entries.Count; i++)
            {
                if (i == at % scene.Entries.Count)
                {
                    account = Recalled(account, Limits);
                }

                account.Apply(Entry.Decode(scene.Entries[i].Encoded));
            }

            Assert.Equal(Bytes(scene.Account), Bytes(account));
        }, iter: Games);
    }

    [Fact]
    public void An_account_of_the_past_reads_as_the_account_did_from_whichever_state_of_it_it_is_brought_there()
    {
        Gen.Select(Steps, Gen.Int[2, 30]).Sample((steps, every) =>
        {
            var scene = Played(steps);
            var lived = new Account("acme", Limits);
            List<Account> brought = [Account.Past("acme", Limits)];
            foreach (var entry in scene.Entries)
            {
                lived.Apply(entry);
                brought.ForEach(past => past.Apply(Entry.Decode(entry.Encoded)));
                if (entry.Sequence % every == 0)
                {
                    brought.Add(Account.ReadPast("acme", State(lived), Limits));
                    Assert.All(brought, past => Assert.Equal(Seen(lived), Seen(past)));
                }
            }

            Assert.All(brought, past => Assert.Equal(Seen(lived), Seen(past)));
        }, iter: Games / 10);
    }

    [Fact]
    public void An_account_of_the_past_cannot_be_gone_on_with()
    {
        var past = Account.ReadPast("acme", State(new Scene().Account), Limits);
        Assert.Throws<InvalidOperationException>(() => past.Write(new Encoding.ByteWriter()));
    }

    [Fact]
    public void Enforce_never_takes_more_than_is_available_and_no_grant_goes_below_zero_or_above_its_amount_and_rollover()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            var account = new Account("acme", Limits);
            foreach (var entry in scene.Entries)
            {
                var before = account.Available;
                account.Apply(entry);
                if (entry is Charged { Mode: not ChargeMode.Record } or Held or Settled { Mode: ChargeMode.Enforce })
                {
                    Assert.False(account.Available.IsNegative && account.Available < before, $"Entry {entry.Sequence} took more than was available.");
                }

                Assert.All(account.Grants, grant => Assert.InRange(grant.Remaining.Value, 0m, grant.Terms.Amount.Value + (grant.Terms.Recurrence?.RolloverMaximum.Value ?? 0m)));
                Assert.Equal(account.Held.Value, account.Holds.Open.Sum(hold => hold.Left.Value));
                Assert.False(account.Overage.IsNegative);
            }
        }, iter: Games);
    }

    [Fact]
    public void A_blocking_budget_is_never_taken_above_its_limit_and_holds_are_counted_once()
    {
        Steps.Sample(steps =>
        {
            var scene = Played(steps);
            var account = new Account("acme", Limits);
            foreach (var entry in scene.Entries)
            {
                var before = Committed(account, entry.At);
                account.Apply(entry);
                if (entry is Charged { Mode: not ChargeMode.Record } or Held or Settled { Mode: ChargeMode.Enforce })
                {
                    foreach (var ((budget, counter), committed) in Committed(account, entry.At))
                    {
                        var limit = account.Budgets.Single(candidate => candidate.Terms.Id == budget).Terms.Limit.Value;
                        Assert.True(committed <= limit || committed <= before.GetValueOrDefault((budget, counter)), $"Entry {entry.Sequence} took budget {budget} to {committed} of {limit}.");
                    }
                }

                Assert.All(account.Budgets, budget => Assert.Equal(HeldIn(account, budget), budget.Counters.Sum(counter => counter.Value.Held.Value)));
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
            var blocks = Blocks(scene.Account);
            var state = State(scene.Account);
            var entry = scene.Entries[at % scene.Entries.Count].Encoded.ToArray();
            Damage(bytes => Account.Read("acme", bytes, blocks, new AccountLimits()), State(scene.Account), at, flip, cut);
            if (blocks.Length > 0)
            {
                Damage(bytes => Account.Read("acme", state, [bytes], new AccountLimits()), blocks[0].ToArray(), at, flip, cut);
            }

            Damage(bytes => Entry.Decode(bytes), entry, at, flip, cut);
        }, iter: Games);
    }

    private static string Seen(Account account) => string.Join(
        '\n',
        [
            Reference.State.Of(account, account.LastAt),
            $"due {account.NextDueAt:O}",
            .. account.Counters.Select(static counter => $"{counter}").Order(StringComparer.Ordinal),
            .. account.UsageIn(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, Rollups.UsageWindow.Hour)?.Select(static used => $"{used}") ?? [],
        ]);

    /// <summary>Spent and held of each counter of blocking budgets.</summary>
    private static Dictionary<(string Budget, string Counter), decimal> Committed(Account account, DateTimeOffset at) => account.Budgets
        .Where(budget => budget.Terms.Action == BudgetAction.Block)
        .SelectMany(budget => budget.Counters.Select(counter => (
            Key: (budget.Terms.Id, counter.Key),
            Value: (budget.SpentIn(counter.Key, budget.Terms.WindowOf(at, account.Settings.Period)) + counter.Value.Held).Value)))
        .ToDictionary(pair => pair.Key, pair => pair.Value);

    private static decimal HeldIn(Account account, Budget budget) => account.Holds.Open
        .Where(hold => budget.Terms.TryMatch(hold.Usage?.Meter ?? "", hold.Usage?.Dimensions, out _)).Sum(hold => hold.Left.Value);

    private static ChargeLine Team(string meter, string quantity, int id) => Line(meter, quantity, id % 4 == 0 ? [] : [new Dimension("team", $"t{id % 4}")]);

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
        var scene = new Scene(Limits);
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
                case GrantRefilled refilled:
                    Granted += refilled.Added.Value;
                    Expired += refilled.Forfeited.Value;
                    break;
                case PaidOperation paid:
                    Add(paid.Payment);
                    break;
                case Reversed reversed:
                    Add(reversed.Payment);
                    break;
                default:
                    break;
            }
        }

        // What came back as a new grant was not un-burned from an old one.
        private void Add(Payment payment)
        {
            Burned += payment.Credits.Value + (payment.Refund?.Credits.Value ?? 0m);
            Granted += payment.Refund?.Credits.Value ?? 0m;
        }
    }
}
