namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>Which usage to price again, and by what.</summary>
internal sealed record SimulationRequest : IRequest
{
    public required string Account { get; init; }

    /// <summary>Usage whose entries are at or after this instant.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Usage whose entries are before this instant: at most 400 days after <c>from</c>.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>As it would be published. When it would take effect does not matter: it is taken to have been in force.</summary>
    public required RateCardDraft Draft { get; init; }
}

/// <summary>What usage came to and would have come to.</summary>
internal sealed record Simulation
{
    /// <summary>By name.</summary>
    public required IReadOnlyList<SimulatedMeter> Meters { get; init; }

    public required SimulatedCredits Total { get; init; }

    /// <summary>Lines of charges and settles in the range.</summary>
    public required long Lines { get; init; }

    /// <summary>Entries that were read, with those before the range that counters of its period begin with.</summary>
    public required long Entries { get; init; }
}

/// <summary>Credits taken less those given back.</summary>
internal record SimulatedCredits
{
    /// <summary>As charged.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Under the draft.</summary>
    public required decimal Simulated { get; init; }

    /// <summary>How much more it would have been.</summary>
    public required decimal Difference { get; init; }
}

/// <summary>A meter's usage, less what was given back.</summary>
internal sealed record SimulatedMeter : SimulatedCredits
{
    /// <summary>Empty for credits that were settled for no meter.</summary>
    public required string Meter { get; init; }

    public required decimal Quantity { get; init; }

    /// <summary>How much of it the draft has no price for, which counts as costing nothing; left out when all has one.</summary>
    public decimal? Unpriced { get; init; }
}
