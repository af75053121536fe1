using System.Globalization;
using Metering.Core.Accounts;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;

namespace Metering.Core.Tests.Accounts;

/// <summary>An account, its card and its clock, driven as the grain drives them; every entry is kept, so a test can replay.</summary>
internal sealed class Scene
{
    internal static readonly DateTimeOffset Start = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly AccountLimits _limits;

    internal Scene(AccountLimits? limits = null, string creditLimit = "0", string discount = "0", PeriodUnit every = PeriodUnit.Month, RateCard? card = null)
    {
        _limits = limits ?? new AccountLimits();
        Account = new Account("acme", _limits);
        Card = card ?? StandardCard;
        Set(creditLimit, discount, every);
    }

    /// <summary>
    /// <c>calls</c> at 1 credit each; <c>tokens</c> graduated: the first 10 at 2, then 1; <c>disk</c> volume: 1 each up to 10, 0.5 each beyond;
    /// <c>drops</c> packages of 5 at 3.
    /// </summary>
    internal static RateCard StandardCard { get; } = CardOf(
        Meter("calls", new PriceDraft { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 1m }),
        Meter("tokens", new PriceDraft { Id = "tokens", Kind = PriceKind.Graduated, Tiers = [new() { UpTo = 10m, UnitPrice = 2m }, new() { UnitPrice = 1m }] }),
        Meter("disk", new PriceDraft { Id = "disk", Kind = PriceKind.Volume, Tiers = [new() { UpTo = 10m, UnitPrice = 1m }, new() { UnitPrice = 0.5m }] }),
        Meter("drops", new PriceDraft { Id = "drops", Kind = PriceKind.Package, PackageSize = 5m, PackagePrice = 3m }),
        Meter("only-gold", new PriceDraft { Id = "gold", When = [new Dimension("tier", "gold")], Kind = PriceKind.PerUnit, UnitPrice = 1m }));

    internal Account Account { get; private set; }
    internal RateCard Card { get; set; }
    internal DateTimeOffset Clock { get; set; } = Start;
    internal List<Entry> Entries { get; } = [];

    internal static RateCard CardOf(params MeterDraft[] meters)
    {
        var version = RateCardRules.Build("default", 1, Start.AddYears(-1), new RateCardDraft { Meters = meters }, out var faults);
        Assert.Empty(faults);
        return new RateCard("default", [version!]);
    }

    internal static MeterDraft Meter(string name, params PriceDraft[] prices) => new() { Meter = name, Unit = "unit", Prices = prices };

    internal static Credits Of(string credits) => Credits.From(decimal.Parse(credits, CultureInfo.InvariantCulture));

    internal static Charge Use(string id, string meter, string quantity, ChargeMode mode = ChargeMode.Enforce, DateTimeOffset? time = null) =>
        new(id, [Line(meter, quantity)], time, mode);

    internal static ChargeLine Line(string meter, string quantity, params Dimension[] dimensions) =>
        new(meter, Quantity.From(decimal.Parse(quantity, CultureInfo.InvariantCulture)), dimensions);

    internal static GrantTerms Terms(
        string id,
        string amount,
        int priority = 100,
        DateTimeOffset? effectiveAt = null,
        DateTimeOffset? expiresAt = null,
        params string[] meters) => new()
        {
            Id = id,
            Amount = Of(amount),
            Priority = priority,
            Kind = GrantKind.Purchase,
            EffectiveAt = effectiveAt,
            ExpiresAt = expiresAt,
            Meters = MeterPatterns.From(meters),
        };

    internal void Set(string creditLimit = "0", string discount = "0", PeriodUnit every = PeriodUnit.Month) =>
        Set(creditLimit, discount, new Period(every, Period.Default.Anchor));

    internal void Set(string creditLimit, string discount, Period period)
    {
        var now = Begin();
        var settings = new AccountSettings
        {
            DisplayName = "Acme",
            RateCard = "default",
            Discount = Percent.From(decimal.Parse(discount, CultureInfo.InvariantCulture)),
            CreditLimit = Of(creditLimit),
            Period = period,
            Metadata = [],
        };
        Commit(Account.DecideSettings(settings, now).Entry);
    }

    internal GrantDecision Grant(GrantTerms terms)
    {
        var decision = Account.DecideGrant(terms, Begin());
        Commit(decision.Entry);
        return decision;
    }

    internal GrantDecision Grant(string id, string amount) => Grant(Terms(id, amount));

    internal GrantDecision Void(string id)
    {
        var decision = Account.DecideVoid(id, Begin());
        Commit(decision.Entry);
        return decision;
    }

    internal ChargeDecision Charge(Charge charge)
    {
        var decision = Account.DecideCharge(charge, Begin(), Card);
        if (!decision.Replayed)
        {
            Commit(decision.Charged);
            Commit(decision.Crossings);
        }

        return decision;
    }

    internal ChargeDecision Charge(string id, string meter, string quantity, ChargeMode mode = ChargeMode.Enforce) => Charge(Use(id, meter, quantity, mode));

    internal HoldDecision Hold(PlaceHold hold)
    {
        var decision = Account.DecideHold(hold, Begin(), Card);
        Commit(decision.Replayed ? null : decision.Held);
        return decision;
    }

    internal HoldDecision Hold(string id, string credits, TimeSpan? timeToLive = null, ChargeMode mode = ChargeMode.Enforce) =>
        Hold(new PlaceHold(id, null, Of(credits), timeToLive ?? TimeSpan.FromMinutes(5), mode));

    internal HoldDecision Hold(string id, ChargeLine usage, TimeSpan? timeToLive = null, ChargeMode mode = ChargeMode.Enforce) =>
        Hold(new PlaceHold(id, usage, null, timeToLive ?? TimeSpan.FromMinutes(5), mode));

    internal SettleDecision Settle(Settle settle)
    {
        var decision = Account.DecideSettle(settle, Begin(), Card);
        if (!decision.Replayed)
        {
            Commit(decision.Settled);
            Commit(decision.Crossings);
        }

        return decision;
    }

    internal ReleaseDecision Release(string id, string hold)
    {
        var decision = Account.DecideRelease(id, hold, Begin());
        Commit(decision.Replayed ? null : decision.Released);
        return decision;
    }

    internal ReversalDecision Reverse(string id, string charge, string? quantity = null, ChargeEvidence? evidence = null)
    {
        var asked = quantity is null ? (Quantity?)null : Quantity.From(decimal.Parse(quantity, CultureInfo.InvariantCulture));
        var decision = Account.DecideReversal(new Reverse(id, charge, asked), Begin(), evidence);
        Commit(decision.Replayed ? null : decision.Reversed);
        return decision;
    }

    /// <summary>What all its entries say of a charge, as the ledger has them.</summary>
    internal ChargeEvidence? Evidence(string charge) => Entries.OfType<PaidOperation>().LastOrDefault(paid => paid.Id == charge) is { } found
        ? new ChargeEvidence(found, [.. Entries.OfType<Reversed>().Where(reversed => reversed.Charge == charge && reversed.ChargedSequence == found.Sequence)], Account.Sequence)
        : null;

    internal Decision Put(BudgetTerms budget) => Commit(Account.DecideBudget(budget, Begin()));

    internal Decision RemoveBudget(string id) => Commit(Account.DecideRemoveBudget(id, Begin()));

    internal Decision Put(PolicyTerms policy) => Commit(Account.DecidePolicy(policy, Begin()));

    internal Decision Close() => Commit(Account.DecideClose(Begin()));

    internal ChargeDecision Quote(Charge charge) => Account.DecideQuote(charge, Begin(), Card);

    /// <summary>What a read does: time passes, nothing else.</summary>
    internal DateTimeOffset Begin()
    {
        var now = Account.Now(Clock);
        while (Account.DecideDue(now) is { } due)
        {
            Commit(due);
        }

        return now;
    }

    /// <summary>The account again, from all its entries as they are stored.</summary>
    internal Account Replayed()
    {
        var account = new Account("acme", _limits);
        foreach (var entry in Entries)
        {
            account.Apply(Entry.Decode(entry.Encoded));
        }

        return account;
    }

    /// <summary>As after a restart: the state goes through its snapshot.</summary>
    internal void Restart() => Account = Recalled(Account, _limits);

    /// <summary>The account again, from its state and its blocks of remembered ids as they are written.</summary>
    internal static Account Recalled(Account account, AccountLimits limits) => Account.Read("acme", State(account), Blocks(account), limits);

    /// <summary>All bytes of an account: its state, and the blocks of what it remembers.</summary>
    internal static byte[] Bytes(Account account) => [.. State(account), .. Blocks(account).SelectMany(static block => block.ToArray())];

    internal static byte[] State(Account account)
    {
        var writer = new ByteWriter();
        account.Write(writer);
        return writer.ToArray();
    }

    internal static ReadOnlyMemory<byte>[] Blocks(Account account)
    {
        var blocks = account.TakeIdBlocks(0).Select(static block =>
        {
            var writer = new ByteWriter();
            block.Write(writer);
            return new ReadOnlyMemory<byte>(writer.ToArray());
        }).ToArray();
        account.GiveBackIdBlocks();
        return blocks;
    }

    internal string Left(string grant) => Account.Grants.Single(candidate => candidate.Id == grant).Remaining.ToString();

    private Decision Commit(Decision decision)
    {
        Commit(decision.Entry);
        return decision;
    }

    private void Commit(IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            Commit(entry);
        }
    }

    private void Commit(Entry? entry)
    {
        if (entry is not null)
        {
            Account.Apply(entry);
            Entries.Add(entry);
            Assert.Equal(entry.Balance, Account.Balance);
            Assert.Equal(entry.Available, Account.Available);
        }
    }
}
