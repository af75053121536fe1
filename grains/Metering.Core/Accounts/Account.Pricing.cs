using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>Usage with its prices.</summary>
internal struct PricedUsage
{
    internal RateCardVersion Version { get; set; }
    internal DateTimeOffset PeriodStart { get; set; }
    internal ChargedLine[] Lines { get; set; }

    /// <summary>The sum of the lines.</summary>
    internal Credits Total { get; set; }

    /// <summary>When a line could not be priced: its index.</summary>
    internal int Line { get; set; }
}

public sealed partial class Account
{
    /// <summary>Prices usage line by line, each on top of what the period and the earlier lines have used of the same price.</summary>
    private Outcome TryPrice(IReadOnlyList<ChargeLine> usage, DateTimeOffset? stamped, DateTimeOffset now, RateCard? card, out PricedUsage priced)
    {
        priced = default;
        if (card is null)
        {
            return Outcome.RateCardNotFound;
        }

        var time = stamped ?? now;
        var version = card.EffectiveAt(time);
        var named = version ?? card.EffectiveAt(now);
        for (var i = 0; i < usage.Count; i++)
        {
            if (named?.FindMeter(usage[i].Meter) is null)
            {
                priced.Line = i;
                return Outcome.UnknownMeter;
            }
        }

        priced.PeriodStart = Settings.Period.StartOf(time);
        var timeliness = CheckTime(stamped, priced.PeriodStart, now);
        if (version is null)
        {
            // Usage so old that no version was in effect is too old first of all.
            return timeliness == Outcome.Done ? Outcome.NoPrice : timeliness;
        }

        priced.Version = version;
        priced.Lines = new ChargedLine[usage.Count];
        Int128 total = 0;
        for (var i = 0; i < usage.Count; i++)
        {
            priced.Line = i;
            if (version.FindMeter(usage[i].Meter)?.Match(usage[i].Dimensions) is not { } price)
            {
                return Outcome.NoPrice;
            }

            if (timeliness != Outcome.Done)
            {
                continue;
            }

            if (!TryPriceLine(usage[i], price, priced.PeriodStart, priced.Lines.AsSpan(0, i), out var line))
            {
                return Outcome.OutOfRange;
            }

            priced.Lines[i] = line;
            total = unchecked(total + line.Priced.Credits.Nanos);
        }

        if (timeliness != Outcome.Done)
        {
            return timeliness;
        }

        if (!FixedPoint.Fits(total))
        {
            return Outcome.OutOfRange;
        }

        priced.Total = Credits.FromNanos(total);
        return Outcome.Done;
    }

    /// <summary>Whether usage of this time may be charged now.</summary>
    private Outcome CheckTime(DateTimeOffset? time, DateTimeOffset periodStart, DateTimeOffset now)
    {
        if (time is not { } stamped)
        {
            return Outcome.Done;
        }

        if (stamped <= _remembered.ForgottenThrough)
        {
            return Outcome.TooOld;
        }

        if (stamped > now + _limits.MaxAhead)
        {
            return Outcome.InFuture;
        }

        var current = Settings.Period.StartOf(now);
        var isLate = periodStart < current;
        var mayBeLate = periodStart == Settings.Period.Previous(current) && now < current + _limits.LateWindow;
        return isLate && !mayBeLate ? Outcome.TooOld : Outcome.Done;
    }

    private bool TryPriceLine(ChargeLine usage, Price price, DateTimeOffset periodStart, ReadOnlySpan<ChargedLine> earlier, out ChargedLine line)
    {
        line = null!;
        var before = _counters.Get(price.Key, periodStart).Nanos;
        foreach (var other in earlier)
        {
            if (other.Usage.Meter == usage.Meter && other.Price == price.Id)
            {
                before = unchecked(before + other.Usage.Quantity.Nanos);
            }
        }

        if (!Quantity.TryFromNanos(before, out var quantityBefore) || !price.TryLine(quantityBefore, usage.Quantity, Settings.Discount, out var priced))
        {
            return false;
        }

        line = new ChargedLine(usage, price.Id, quantityBefore, priced, priced.Credits) { Key = price.Key };
        return true;
    }
}
