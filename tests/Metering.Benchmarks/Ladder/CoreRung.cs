using System.Globalization;
using Metering.Core;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Pricing;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Ladder;

/// <summary>Accounts of the pure core, charged by one thread: nothing is stored, nobody is answered.</summary>
internal sealed class CoreRung
{
    private static readonly DateTimeOffset Start = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private readonly RateCard _card = Card();
    private readonly Account[] _accounts;
    private readonly AccountMix _mix;
    private readonly Random _random;
    private readonly string _prefix;
    private long _charges;

    public CoreRung(int accounts, double zipfExponent, int thread)
    {
        _mix = AccountMix.Zipf(accounts, zipfExponent);
        _random = new Random(thread);
        _prefix = string.Create(CultureInfo.InvariantCulture, $"ladder.{thread:D3}.");
        _accounts = [.. Enumerable.Range(0, accounts).Select(number => NewAccount($"ladder-{thread}-{number}"))];
    }

    /// <summary>Decides a charge and forgets it.</summary>
    public void Decide() => Decide(out _);

    /// <summary>Decides a charge and applies it, which encodes its entry: the account remembers it under its id.</summary>
    public void Apply() => Apply(out _);

    public Entry Apply(out int place)
    {
        var entry = Decide(out place);
        _accounts[place].Apply(entry);
        return entry;
    }

    public long SequenceOf(int place) => _accounts[place].Sequence;

    private Charged Decide(out int place)
    {
        place = _mix.Next(_random);
        var id = string.Create(CultureInfo.InvariantCulture, $"{_prefix}{++_charges:D12}");
        var charge = new Charge(id, [new ChargeLine("calls", Quantity.From(1m), [])], null, ChargeMode.Enforce);
        return _accounts[place].DecideCharge(charge, Start, _card).Charged ?? throw new InvalidOperationException("The charge was refused.");
    }

    private static Account NewAccount(string id)
    {
        var account = new Account(id, new AccountLimits());
        account.Apply(account.DecideSettings(
            new AccountSettings
            {
                DisplayName = "",
                RateCard = "default",
                Discount = Percent.From(0m),
                CreditLimit = Credits.Zero,
                Period = new Period(PeriodUnit.Month, Start),
                Metadata = [],
            },
            Start).Entry!);
        account.Apply(account.DecideGrant(
            new GrantTerms { Id = "plan", Amount = Credits.From(1_000_000_000m), Priority = 100, Kind = GrantKind.Purchase, Meters = MeterPatterns.All }, Start).Entry!);
        return account;
    }

    private static RateCard Card()
    {
        var draft = new RateCardDraft
        {
            Meters = [new MeterDraft { Meter = "calls", Unit = "call", Prices = [new PriceDraft { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 0.00006m }] }],
        };
        return new RateCard("default", [RateCardRules.Build("default", 1, Start.AddDays(-1), draft, out _)!]);
    }
}
