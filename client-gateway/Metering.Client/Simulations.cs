namespace Metering.Client;

/// <summary>What an account's usage came to, and what it would have come to under a draft.</summary>
/// <param name="Meters">By name.</param>
/// <param name="Lines">Lines of charges and settles in the range.</param>
/// <param name="Entries">Entries that were read, with those before the range that counters of its period begin with.</param>
public sealed record Simulation(IReadOnlyList<SimulatedMeter> Meters, long Lines, long Entries)
{
    /// <summary>Credits as charged.</summary>
    public decimal Credits => Meters.Sum(static meter => meter.Credits);

    /// <summary>Credits under the draft.</summary>
    public decimal Simulated => Meters.Sum(static meter => meter.Simulated);

    /// <summary>How much more it would have been.</summary>
    public decimal Difference => Simulated - Credits;
}

/// <summary>A meter's usage, each number less what was given back.</summary>
/// <param name="Meter">Empty for credits that were settled for no meter.</param>
/// <param name="Quantity">In the meter's unit.</param>
/// <param name="Unpriced">How much of it the draft has no price for: it counts as costing nothing.</param>
/// <param name="Credits">As charged.</param>
/// <param name="Simulated">Under the draft.</param>
public sealed record SimulatedMeter(string Meter, decimal Quantity, decimal Unpriced, decimal Credits, decimal Simulated)
{
    /// <summary>How much more it would have been.</summary>
    public decimal Difference => Simulated - Credits;
}
