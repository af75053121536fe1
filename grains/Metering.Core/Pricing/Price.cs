namespace Metering.Core.Pricing;

/// <summary>
/// One price of a meter. F(Q), the price of a period's cumulative quantity, is the schedule's price of the converted quantity
/// above the free units, at most the period's maximum, less the account's discount. It is exact until it is rounded, once,
/// half to even at 9 decimal places.
/// </summary>
/// <remarks>
/// A line costs F(before + quantity) − F(before). Both are amounts of credits, so the difference is exact, and the lines of a period
/// sum to F(total) however usage was split or ordered (law 6); only <see cref="PerCharge"/> stands outside.
/// What the schedule alone gives must fit credits too, even where the maximum would bring it down: the explanation shows it.
/// </remarks>
public sealed class Price
{
    private readonly Dimension[] _when;
    private readonly Schedule _schedule;

    internal Price(PriceKey key, PriceKind kind, Dimension[] when, Schedule schedule)
    {
        Key = key;
        Kind = kind;
        _when = when;
        _schedule = schedule;
    }

    public string Id => Key.Price;

    /// <summary>Names the counter of this price.</summary>
    public PriceKey Key { get; }

    public PriceKind Kind { get; }

    /// <summary>What usage must have to be priced here, by name; none fits all.</summary>
    public IReadOnlyList<Dimension> When => _when;

    internal Conversion? Conversion { get; init; }
    internal decimal FreeUnits { get; init; }
    internal decimal? MaximumPerPeriod { get; init; }
    internal PerCharge? PerCharge { get; init; }

    /// <summary>The unit price, when that is all there is to this price: nine prices in ten, and the way through them is several times shorter.</summary>
    internal Credits? PlainUnitPrice { get; init; }

    /// <summary>F(Q): what a period's cumulative quantity costs, without what is per charge. False when it is out of range.</summary>
    public bool TryCumulative(Quantity quantity, Percent discount, out Credits credits)
    {
        var fits = TryPoint(quantity.Value, discount, out var point);
        credits = fits ? Credits.From(point.Total) : Credits.Zero;
        return fits;
    }

    /// <summary>
    /// What a quantity costs after <paramref name="before"/> was used in the period, and why. False when the credits, a part of them, or the
    /// period's quantity are out of range.
    /// </summary>
    public bool TryLine(Quantity before, Quantity quantity, Percent discount, out PricedLine line)
    {
        line = PricedLine.Nothing;
        if (!Quantity.TryFromNanos(unchecked(before.Nanos + quantity.Nanos), out var after))
        {
            return false;
        }

        // Nothing was used: not even a minimum is due.
        return quantity.IsZero
            || (PlainUnitPrice is { } unitPrice && discount.IsZero && TryPlainLine(before, after, quantity, unitPrice, out line))
            || (TryPoint(before.Value, discount, out var from) && TryPoint(after.Value, discount, out var to) && TryDifference(from, to, out line));
    }

    /// <summary>Whether every dimension asked for is there with its value. Both are sorted by name, so one walk finds out.</summary>
    internal bool Fits(ReadOnlySpan<Dimension> dimensions)
    {
        var at = 0;
        foreach (var wanted in _when)
        {
            while (at < dimensions.Length && string.CompareOrdinal(dimensions[at].Name, wanted.Name) < 0)
            {
                at++;
            }

            if (at == dimensions.Length || dimensions[at] != wanted)
            {
                return false;
            }
        }

        return true;
    }

    // The same as the long way, with every step left out that changes nothing here. False sends the line on that way.
    private static bool TryPlainLine(Quantity before, Quantity after, Quantity quantity, Credits unitPrice, out PricedLine line)
    {
        line = PricedLine.Nothing;
        if (unitPrice.Nanos > long.MaxValue)
        {
            return false;
        }

        var factor = (ulong)unitPrice.Nanos;
        var to = FixedPoint.Multiply(after.Nanos, factor);
        if (!FixedPoint.Fits(to))
        {
            return false;
        }

        var credits = Credits.FromNanos(unchecked(to - FixedPoint.Multiply(before.Nanos, factor)));
        line = new PricedLine(credits, [new TierPart(Tier: 1, quantity, unitPrice, FlatPrice: Credits.Zero, credits)], []);
        return true;
    }

    private bool TryPoint(decimal quantity, Percent discount, out PricePoint point)
    {
        point = default;

        // Trailing zeros carry no value but fill the places a decimal has for exact products.
        var units = new Exact(quantity.Scale > FixedPoint.Decimals ? decimal.Round(quantity, FixedPoint.Decimals) : quantity);
        if (Conversion is not null && !Conversion.TryConvert(units, out units))
        {
            return false;
        }

        if (FreeUnits != 0m)
        {
            units = units.Above(FreeUnits);
        }

        if (units.IsZero)
        {
            return true;
        }

        var tier = _schedule.Reached(units);
        var exact = _schedule.PriceOf(units, tier);
        if (!exact.TryRound(out var price))
        {
            return false;
        }

        var capped = price;
        if (MaximumPerPeriod is { } maximum && exact.CompareTo(maximum) > 0)
        {
            exact = new Exact(maximum);
            capped = maximum;
        }

        // The discount is taken off the exact price, not off the rounded one: one rounding, at the end.
        var total = capped;
        var fits = discount.IsZero || (exact * discount.Rest).TryRound(out total);
        point = new PricePoint { Units = units, Tier = tier, Price = price, Capped = capped, Total = total };
        return fits;
    }

    private bool TryDifference(in PricePoint from, in PricePoint to, out PricedLine line)
    {
        // Both totals are in range and not negative, so their difference is in range as well.
        var difference = to.Total - from.Total;
        var atLeast = PerCharge?.AtLeast(difference) ?? difference;
        var atMost = PerCharge?.AtMost(atLeast) ?? atLeast;
        var credits = atMost + (PerCharge?.Flat ?? 0m);
        if (PerCharge is not null && (!Credits.Fits(credits) || !Credits.Fits(atLeast - difference) || !Credits.Fits(atMost - atLeast)))
        {
            line = PricedLine.Nothing;
            return false;
        }

        var tiers = _schedule.Explain(from, to, out var repricing);
        var plain = PerCharge is null && repricing == 0m && to.Total == to.Price && from.Total == from.Price;
        line = new PricedLine(
            Credits.From(credits),
            tiers,
            plain ? [] : Adjustments(from, to, repricing, atLeast - difference, atMost - atLeast, credits - atMost));
        return true;
    }

    // In the order they were made: each is what its step of F, or of the charge, changed.
    private static Adjustment[] Adjustments(in PricePoint from, in PricePoint to, decimal repricing, decimal minimum, decimal maximum, decimal flat)
    {
        Span<Adjustment> all =
        [
            new(AdjustmentKind.Repricing, Credits.From(repricing)),
            new(AdjustmentKind.Cap, Credits.From(to.Capped - to.Price - (from.Capped - from.Price))),
            new(AdjustmentKind.Discount, Credits.From(to.Total - to.Capped - (from.Total - from.Capped))),
            new(AdjustmentKind.Minimum, Credits.From(minimum)),
            new(AdjustmentKind.Maximum, Credits.From(maximum)),
            new(AdjustmentKind.Flat, Credits.From(flat)),
        ];

        var count = 0;
        foreach (var adjustment in all)
        {
            if (!adjustment.Credits.IsZero)
            {
                all[count++] = adjustment;
            }
        }

        return all[..count].ToArray();
    }
}
