namespace Metering.Core.Pricing;

/// <summary>How a price turns a quantity into credits.</summary>
public enum PriceKind
{
    /// <summary>A price for each unit.</summary>
    PerUnit = 0,

    /// <summary>A price for each started block of units.</summary>
    Package = 1,

    /// <summary>Each tier's units at that tier's price.</summary>
    Graduated = 2,

    /// <summary>All units at the price of the tier that was reached.</summary>
    Volume = 3,
}

/// <summary>What becomes of the digits a conversion would rather not have. It works on the period's cumulative quantity, so it telescopes.</summary>
public enum ConversionRounding
{
    /// <summary>They stay: the quotient is priced as it is, however long.</summary>
    None = 0,
    Up = 1,
    Down = 2,

    /// <summary>To the nearest; a half goes up.</summary>
    HalfUp = 3,
}
