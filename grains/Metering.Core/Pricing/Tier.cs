namespace Metering.Core.Pricing;

/// <summary>
/// A stretch of a period's quantity, above <see cref="Lower"/> up to and including <see cref="UpTo"/>, and what it costs:
/// so much per unit or per started block, and a flat price once it is entered.
/// </summary>
internal sealed class Tier
{
    internal required int Number { get; init; }
    internal required decimal Lower { get; init; }

    /// <summary>None on the last tier.</summary>
    internal required decimal? UpTo { get; init; }

    internal Credits UnitPrice { get; init; }
    internal Credits FlatPrice { get; init; }

    /// <summary>0 when units are priced, not blocks.</summary>
    internal decimal PackageSize { get; init; }

    internal decimal PackagePrice { get; init; }

    internal bool Holds(Exact units) => UpTo is not { } upTo || units.CompareTo(upTo) <= 0;

    /// <summary>What units cost here, without the flat price.</summary>
    internal Exact PriceOf(Exact units) =>
        PackageSize == 0m ? units * UnitPrice.Value : units.StartedBlocks(PackageSize) * PackagePrice;

    /// <summary>What units cost here, with the flat price.</summary>
    internal Exact PriceOfEntering(Exact units) => FlatPrice.IsZero ? PriceOf(units) : PriceOf(units) + new Exact(FlatPrice.Value);

    internal TierPart Part(decimal quantity, bool entered, decimal credits) =>
        new(Number, Quantity.From(quantity), UnitPrice, entered ? FlatPrice : Credits.Zero, Credits.From(credits));
}
