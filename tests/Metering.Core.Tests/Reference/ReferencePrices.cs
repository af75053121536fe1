using System.Numerics;
using Metering.Core.Pricing;
using Metering.Core.Tests.Accounts;
using Metering.Core.Tests.Pricing;

namespace Metering.Core.Tests.Reference;

/// <summary>The card of the duels as its drafts, priced by <see cref="PriceReference"/>, and the calendar by walking it boundary by boundary.</summary>
internal static class ReferencePrices
{
    private static readonly Dictionary<string, PriceDraft> Drafts = new()
    {
        ["calls"] = new() { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 1m },
        ["thirds"] = new() { Id = "thirds", Kind = PriceKind.PerUnit, UnitPrice = 0.333333333m, Convert = new() { Divide = 7m } },
        ["tokens"] = new() { Id = "tokens", Kind = PriceKind.Graduated, FreeUnits = 2m, Tiers = [new() { UpTo = 10m, UnitPrice = 2m }, new() { UnitPrice = 1m, FlatPrice = 3m }] },
        ["disk"] = new() { Id = "disk", Kind = PriceKind.Volume, Tiers = [new() { UpTo = 10m, UnitPrice = 1m }, new() { UnitPrice = 0.5m }] },
        ["drops"] = new() { Id = "drops", Kind = PriceKind.Package, PackageSize = 5m, PackagePrice = 3m, MaximumPerPeriod = 40m },
        ["pay"] = new() { Id = "pay", Kind = PriceKind.PerUnit, UnitPrice = 0.0299m, PerCharge = new() { Minimum = 0.5m, Maximum = 2m, Flat = 0.25m } },
    };

    internal static readonly string[] Meters = [.. Drafts.Keys];

    internal static RateCard Card { get; } = Scene.CardOf([.. Drafts.Select(pair => Scene.Meter(pair.Key, pair.Value))]);

    internal static bool Knows(string meter) => Drafts.ContainsKey(meter);

    /// <summary>F(Q + q) − F(Q), then minimum, maximum and flat of the charge.</summary>
    internal static decimal Of(string meter, decimal before, decimal quantity, decimal discount)
    {
        var price = Drafts[meter];
        var nanos = PriceReference.Cumulative(price, before + quantity, discount)!.Value - PriceReference.Cumulative(price, before, discount)!.Value;
        var credits = Nanos(nanos);
        if (price.PerCharge is not { } perCharge || quantity == 0m)
        {
            return credits;
        }

        credits = Math.Max(credits, perCharge.Minimum ?? credits);
        credits = Math.Min(credits, perCharge.Maximum ?? credits);
        return credits + (perCharge.Flat ?? 0m);
    }

    internal static decimal Nanos(BigInteger nanos) => (decimal)nanos / 1_000_000_000m;

    /// <summary>The first boundary after an instant.</summary>
    internal static DateTimeOffset After(PeriodUnit every, int count, DateTimeOffset anchor, DateTimeOffset instant) =>
        Boundary(every, IndexAfter(every, count, anchor, instant) * count, anchor);

    /// <summary>The last boundary that is not after an instant.</summary>
    internal static DateTimeOffset StartOf(PeriodUnit every, DateTimeOffset anchor, DateTimeOffset instant) =>
        Boundary(every, IndexAfter(every, 1, anchor, instant) - 1, anchor);

    private static int IndexAfter(PeriodUnit every, int count, DateTimeOffset anchor, DateTimeOffset instant)
    {
        // Close to it, by the longest such period there is, so that no boundary is passed over; from there step by step.
        var longest = every switch { PeriodUnit.Hour => 1, PeriodUnit.Day => 24, PeriodUnit.Week => 7 * 24, PeriodUnit.Month => 31 * 24, PeriodUnit.Year => 366 * 24 };
        var k = (int)((instant - anchor).Ticks / TimeSpan.TicksPerHour / longest / count);
        while (Boundary(every, k * count, anchor) > instant)
        {
            k--;
        }

        while (Boundary(every, k * count, anchor) <= instant)
        {
            k++;
        }

        return k;
    }

    internal static DateTimeOffset MonthOf(DateTimeOffset instant) => new(instant.UtcDateTime.Year, instant.UtcDateTime.Month, 1, 0, 0, 0, TimeSpan.Zero);

    private static DateTimeOffset Boundary(PeriodUnit every, int units, DateTimeOffset anchor) => every switch
    {
        PeriodUnit.Hour => anchor.AddHours(units),
        PeriodUnit.Day => anchor.AddDays(units),
        PeriodUnit.Week => anchor.AddDays(7 * units),
        PeriodUnit.Month => anchor.AddMonths(units),
        PeriodUnit.Year => anchor.AddYears(units),
    };
}
