namespace Metering.Contracts;

/// <summary>What an account's stored usage would have cost under a draft card. Keyed by the account's id.</summary>
[Alias("metering.ISimulationGrain")]
public interface ISimulationGrain : IGrainWithStringKey
{
    /// <summary>
    /// Prices usage again and changes nothing. Refuses with <see cref="Code.InvalidRequest"/> for each fault of the draft, by its path in it; with <see cref="Code.AccountNotFound"/>; with
    /// <see cref="Code.TooOld"/> where the ledger does not have every entry it takes, with <see cref="Code.DetailNotKept"/> where it is rolled up; with <see cref="Code.OutOfRange"/> where there are more than are read for one answer, or the draft prices
    /// usage out of range; with <see cref="Code.Overloaded"/> when it takes too long; and with <see cref="Code.Unavailable"/> without a ledger or when its store cannot be reached.
    /// </summary>
    [Alias("Simulate"), ResponseTimeout("00:01:00")]
    Task<Answer<SimulationReply>> Simulate(SimulationRequest request);
}

/// <summary>Which usage to price again, and by what.</summary>
[GenerateSerializer, Immutable, Alias("metering.SimulationRequest")]
public sealed record SimulationRequest
{
    /// <summary>The longest range. What is longer is asked for in parts.</summary>
    public static readonly TimeSpan MaxRange = TimeSpan.FromDays(400);

    /// <summary>The card that the draft is of; it need not exist.</summary>
    [Id(0)] public required string Card { get; init; }

    /// <summary>Inclusive, by the time of entries.</summary>
    [Id(1)] public required DateTimeOffset From { get; init; }

    /// <summary>Exclusive.</summary>
    [Id(2)] public required DateTimeOffset To { get; init; }

    /// <summary>In force from the beginning, whatever it says of that.</summary>
    [Id(3)] public required RateCardDraft Draft { get; init; }
}

/// <summary>What usage came to and would have come to.</summary>
[GenerateSerializer, Immutable, Alias("metering.SimulationReply")]
public sealed record SimulationReply
{
    /// <summary>By name; only those that were used in the range.</summary>
    [Id(0)] public required IReadOnlyList<SimulatedMeter> Meters { get; init; }

    /// <summary>Lines of charges and settles in the range.</summary>
    [Id(1)] public required long Lines { get; init; }

    /// <summary>Entries that were read, with those before the range that its period's counters begin with.</summary>
    [Id(2)] public required long Entries { get; init; }
}

/// <summary>A meter's usage, each number less what was given back.</summary>
/// <param name="Meter">Empty for credits that were settled for no meter.</param>
/// <param name="Quantity">In the meter's unit.</param>
/// <param name="Unpriced">How much of it the draft has no price for: it counts as costing nothing.</param>
/// <param name="Credits">As charged.</param>
/// <param name="Simulated">Under the draft.</param>
[GenerateSerializer, Immutable, Alias("metering.SimulatedMeter")]
public sealed record SimulatedMeter(
    [property: Id(0)] string Meter,
    [property: Id(1)] decimal Quantity,
    [property: Id(2)] decimal Unpriced,
    [property: Id(3)] decimal Credits,
    [property: Id(4)] decimal Simulated);
