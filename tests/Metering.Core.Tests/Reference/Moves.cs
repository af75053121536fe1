using CsCheck;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;
using static Metering.Core.Tests.Accounts.Scene;

namespace Metering.Core.Tests.Reference;

/// <summary>What callers may do next, with few names and few amounts, so that they meet again and again.</summary>
internal static class Moves
{
    private static readonly string[] Amounts = ["0", "1", "2", "3", "5", "10", "11", "0.5", "0.000000001", "2.333333333", "7.999999999", "25"];
    private static readonly string[] Positive = [.. Amounts.Where(amount => amount != "0")];
    private static readonly string[][] Patterns = [[], [], ["calls"], ["d*"], ["tokens", "pay"], ["*"]];
    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.FromTicks(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(7), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(55), TimeSpan.FromHours(1),
        TimeSpan.FromHours(4), TimeSpan.FromHours(4), TimeSpan.FromHours(24), TimeSpan.FromDays(3), TimeSpan.FromDays(7), TimeSpan.FromDays(31), TimeSpan.FromHours(-2),
    ];

    private static readonly Gen<string> Amount = One(Amounts);
    private static readonly Gen<string> Some = One(Positive);
    private static readonly Gen<string> Id = Gen.Int[0, 30].Select(number => $"i{number}");
    private static readonly Gen<string> HoldId = Gen.Int[0, 8].Select(number => $"i{number}");
    private static readonly Gen<string> Meter = Gen.Frequency((30, One(ReferencePrices.Meters)), (1, Gen.Const("nothing")));
    private static readonly Gen<ChargeMode> Mode = One(ChargeMode.Enforce, ChargeMode.Enforce, ChargeMode.UpTo, ChargeMode.Record);

    private static readonly Gen<Dimension[]> Dimensions = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2]).Select((team, key) =>
        (Dimension[])[.. key == 0 ? [] : new[] { new Dimension("key", $"k{key}") }, .. team == 0 ? [] : new[] { new Dimension("team", $"t{team}") }]);

    private static readonly Gen<ChargeLine> Line = Gen.Select(Meter, Amount, Dimensions).Select((meter, quantity, dimensions) => Accounts.Scene.Line(meter, quantity, dimensions));

    private static readonly Gen<int?> Stamp = Gen.Frequency((3, Gen.Const((int?)null)), (1, One<int?>(0, 5, 6, -1, -60, -600, -4000, -44_640, -90_000)));

    private static readonly Gen<Action<Duel>> Charge = Gen.Select(Id, Line.Array[1, 3], Mode, Stamp)
        .Select<string, ChargeLine[], ChargeMode, int?, Action<Duel>>((id, lines, mode, minutes) => duel =>
            duel.Charge(new Charge(id, lines, minutes is { } ahead ? duel.Clock.AddMinutes(ahead) : null, mode)));

    private static readonly Gen<Action<Duel>> Numbered = Gen.Select(Gen.Int[0, 3], Gen.OneOf(Gen.Int[1, 8], Gen.Int[60, 140]), Amount, Mode)
        .Select<int, int, string, ChargeMode, Action<Duel>>((producer, number, _, _) => duel =>
            duel.Charge(new Charge($"p{producer}:{number}", [Line("calls", (number % 3).ToString(System.Globalization.CultureInfo.InvariantCulture))], null, ChargeMode.Record, $"p{producer}", number)));

    // An hour, a day, a month and a year may begin at one instant, and some begin where others do not.
    private static readonly Gen<Period> Periods = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3]).Select((every, anchor) => new Period(
        (PeriodUnit)every,
        anchor switch
        {
            0 or 1 => Period.Default.Anchor,
            2 => new DateTimeOffset(2026, 1, 31, 0, 30, 0, TimeSpan.Zero),
            _ => new DateTimeOffset(2027, 5, 15, 12, 0, 0, TimeSpan.Zero),
        }));

    private static readonly Gen<Recurrence?> Recurs = Gen.Select(One(0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 9, 9, 9), Gen.Int[1, 2], Gen.Int[0, 3], Amount, Amount).Select((every, count, anchor, least, most) => every > 4 ? null : new Recurrence(
        (PeriodUnit)every,
        count,
        anchor switch { 0 => null, 1 => new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), 2 => new DateTimeOffset(2024, 2, 29, 12, 0, 0, TimeSpan.Zero), _ => Start },
        Credits.Min(Of(least), Of(most)),
        Credits.Larger(Of(least), Of(most))));

    private static readonly Gen<Action<Duel>> Grant = Gen.Select(Gen.Int[0, 12], Some, Gen.Int[0, 2], One<int?>(null, null, -100, -24, 0, 4, 30), One<int?>(null, null, 1, 4, 50, 2_000), One(Patterns), Recurs)
        .Select<int, string, int, int?, int?, string[], Recurrence?, Action<Duel>>((id, amount, priority, from, hours, meters, recurs) => duel => duel.Grant(
            Terms($"g{id}", amount, priority, from is { } f ? duel.Clock.AddHours(f) : null, hours is { } h ? duel.Clock.AddHours(h + Math.Max(0, from ?? 0)) : null, meters) with { Recurrence = recurs }));

    private static readonly Gen<Action<Duel>> Hold = Gen.Select(HoldId, Gen.Int[0, 2], Line, Some, One(1, 60, 300, 86_400), One(ChargeMode.Enforce, ChargeMode.UpTo))
        .Select<string, int, ChargeLine, string, int, ChargeMode, Action<Duel>>((id, kind, line, credits, seconds, mode) => duel =>
            duel.Hold(new PlaceHold(id, kind == 0 ? null : line, kind == 0 ? Of(credits) : null, TimeSpan.FromSeconds(seconds), mode)));

    private static readonly Gen<Action<Duel>> Settle = Gen.Select(Id, HoldId, Amount, Gen.Bool, Gen.Bool, One(ChargeMode.Enforce, ChargeMode.Record))
        .Select<string, string, string, bool, bool, ChargeMode, Action<Duel>>((id, hold, amount, quantity, final, mode) => duel =>
            duel.Settle(new Settle(id, hold, quantity ? Quantity.From(Of(amount).Value) : null, quantity ? null : Of(amount), final, mode)));

    private static readonly Gen<Action<Duel>> Budget = Gen.Select(Gen.Int[0, 3], One(Patterns), Gen.Int[0, 4], Gen.Int[0, 5], Some, Gen.Int[0, 3], Gen.Bool)
        .Select<int, string[], int, int, string, int, bool, Action<Duel>>((id, meters, scope, window, limit, thresholds, block) => duel => duel.Put(new BudgetTerms
        {
            Id = $"b{id}",
            Meters = MeterPatterns.From(meters),
            Dimensions = scope switch { 0 or 1 => [], 2 => [new("team", "t1")], 3 => [new("team", "*")], _ => [new("key", "*"), new("team", "*")] },
            Window = (BudgetWindow)window,
            Limit = Of(limit),
            Thresholds = thresholds switch { 0 => [], 1 => [100], 2 => [50, 80, 100], _ => [1, 150] },
            Action = block ? BudgetAction.Block : BudgetAction.Alert,
        }));

    private static readonly Gen<RateLimit[]> Rates = Gen.Select(Gen.Int[0, 4], Some, One(1, 7, 3_600), Amount).Select((which, quantity, seconds, more) => which switch
    {
        0 => (RateLimit[])[new("calls", Quantity.From(Of(quantity).Value), seconds, Quantity.From((Of(quantity) + Of(more)).Value))],
        1 => [new("*", Quantity.From(Of(quantity).Value), seconds, Quantity.From((Of(quantity) + Of(more)).Value)), new("d*", Quantity.From(5m), 1, Quantity.From(9m))],
        _ => [],
    });

    private static readonly Gen<Action<Duel>> Policy = Gen.Select(Gen.Int[0, 9], One(Patterns), Gen.Int[0, 3], Some, Rates, Gen.Int[0, 63])
        .Select<int, string[], int, string, RateLimit[], int, Action<Duel>>((which, meters, required, largest, rates, shadow) => duel => duel.Put(PolicyTerms.None with
        {
            Allowed = which == 0 ? MeterPatterns.From(meters) : MeterPatterns.All,
            Blocked = which == 1 ? MeterPatterns.From(meters) : MeterPatterns.All,
            RequiredDimensions = required == 0 ? ["team"] : [],
            MaximumCreditsPerCharge = which is 2 or 3 ? Of(largest) : null,
            RateLimits = rates,
            Frozen = which == 4,
            Shadow = which % 2 == 0 ? [] : [.. Enum.GetValues<PolicyRule>().Where(rule => (shadow & (1 << (int)rule)) != 0)],
        }));

    internal static Gen<Action<Duel>> Any { get; } = Gen.Frequency(
        (96, Charge),
        (12, Numbered),
        (48, Grant),
        (8, Gen.Int[0, 12].Select<int, Action<Duel>>(id => duel => duel.Void($"g{id}"))),
        (48, Hold),
        (48, Settle),
        (12, Gen.Select(Id, HoldId).Select<string, string, Action<Duel>>((id, hold) => duel => duel.Release(id, hold))),
        (48, Gen.Select(Id, Gen.Frequency((8, Id), (1, Gen.Int[1, 8].Select(number => $"p0:{number}"))), One<string?>(null, null, null, "1", "0.5", "0.333333333", "2"))
            .Select<string, string, string?, Action<Duel>>((id, charge, quantity) => duel => duel.Reverse(id, charge, quantity))),
        (36, Gen.Select(Id, Gen.Int[0, 2], One(0m, 0.5m, 0.5m, 0.333333333m)).Select<string, int, decimal, Action<Duel>>((id, back, part) => duel => duel.ReverseLately(id, back, part))),
        (16, Budget),
        (4, Gen.Int[0, 3].Select<int, Action<Duel>>(id => duel => duel.RemoveBudget($"b{id}"))),
        (12, Policy),
        (8, Gen.Const<Action<Duel>>(duel => duel.Put(PolicyTerms.None))),
        (4, Gen.Select(Amount, One("0", "10", "33.3", "100")).Select<string, string, Action<Duel>>((limit, discount) => duel => duel.Set(limit, discount, Period.Default))),
        (6, Gen.Select(One("0", "5"), Periods).Select<string, Period, Action<Duel>>((limit, period) => duel => duel.Set(limit, "0", period))),
        (80, One(Steps).Select<TimeSpan, Action<Duel>>(by => duel => duel.Move(by))),
        (1, Gen.Const<Action<Duel>>(duel => duel.Move(TimeSpan.FromDays(400)))),
        (48, Gen.OneOf(Gen.Int[0, 3], Gen.Int[0, 40]).Select<int, Action<Duel>>(back => duel => duel.Retry(back))),
        (16, Gen.Const<Action<Duel>>(duel => duel.Restart())));

    private static Gen<T> One<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);
}
