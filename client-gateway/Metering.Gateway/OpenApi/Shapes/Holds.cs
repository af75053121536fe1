using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

internal enum HoldOutcome
{
    Held = 0,
}

internal enum ReversalOutcome
{
    Reversed = 0,
}

/// <summary>Credits to set aside: either for <c>meter</c> and <c>quantity</c>, or <c>credits</c>.</summary>
internal sealed record HoldRequest : IRequest
{
    /// <summary>The caller's id, from the same set as charges' ids. It names the hold.</summary>
    public required string Id { get; init; }

    public string? Meter { get; init; }

    /// <summary>In the meter's unit, above 0; priced now.</summary>
    public decimal? Quantity { get; init; }

    /// <summary>With a meter only. At most 16; names of 64, values of 256 characters.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>Above 0; without a meter.</summary>
    public decimal? Credits { get; init; }

    /// <summary>1 to 86,400; 300 when left out.</summary>
    public int? TtlSeconds { get; init; }

    /// <summary><c>enforce</c> (the default), or <c>upTo</c>: hold what is available.</summary>
    public ChargeMode? Mode { get; init; }
}

/// <summary>Credits were set aside.</summary>
internal sealed record HoldReply
{
    public required string Hold { get; init; }
    public required HoldOutcome Outcome { get; init; }

    /// <summary>How much was held.</summary>
    public required decimal Credits { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }
    public required long Sequence { get; init; }
    public required bool Replayed { get; init; }
}

/// <summary>An open hold.</summary>
internal sealed record Hold
{
    [System.Text.Json.Serialization.JsonPropertyName("hold")]
    public required string Id { get; init; }

    /// <summary>What is still held.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Credits settled so far.</summary>
    public required decimal Settled { get; init; }

    public string? Meter { get; init; }
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }
    public required DateTimeOffset PlacedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The actual usage of a hold: either <c>quantity</c>, or <c>credits</c>.</summary>
internal sealed record SettleRequest : IRequest
{
    /// <summary>The caller's id for this settle, from the same set as charges' ids.</summary>
    public required string Id { get; init; }

    /// <summary>In the hold's meter's unit: 0 or more. Not for a hold placed as credits.</summary>
    public decimal? Quantity { get; init; }

    /// <summary>0 or more.</summary>
    public decimal? Credits { get; init; }

    /// <summary>Whether this closes the hold and gives the rest back; true when left out.</summary>
    public bool? Final { get; init; }

    /// <summary>What becomes of usage beyond the hold: recorded (<c>record</c>, the default), or refused when it does not fit (<c>enforce</c>).</summary>
    public ChargeMode? Mode { get; init; }

    /// <summary>Whether the reply explains the price.</summary>
    public bool? Explain { get; init; }
}

internal sealed record ReleaseRequest : IRequest
{
    /// <summary>The caller's id for this release, from the same set as charges' ids.</summary>
    public required string Id { get; init; }
}

/// <summary>A hold was settled or released. A retry gets the same, with <c>replayed</c> true.</summary>
internal sealed record SettleReply
{
    public required string Id { get; init; }
    public required string Hold { get; init; }
    public required SettleOutcome Outcome { get; init; }

    /// <summary>Credits charged by this settle.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Credits of the hold that are available again.</summary>
    public required decimal Released { get; init; }

    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }
    public required long Sequence { get; init; }
    public required bool Replayed { get; init; }

    /// <summary>Rules that a settle in <c>record</c> mode passed.</summary>
    public IReadOnlyList<Code>? Violations { get; init; }

    /// <summary>Budget thresholds that this settle crossed.</summary>
    public IReadOnlyList<CrossedThreshold>? Crossed { get; init; }

    /// <summary>Present when asked for.</summary>
    public IReadOnlyList<LineExplanation>? Explanation { get; init; }

    /// <summary>Present with the explanation.</summary>
    public IReadOnlyList<GrantBurn>? Burned { get; init; }
}

/// <summary>Gives a charge back.</summary>
internal sealed record ReversalRequest : IRequest
{
    /// <summary>The caller's id for this reversal, from the same set as charges' ids.</summary>
    public required string Id { get; init; }

    /// <summary>How much of a charge of one line, above 0; all that was not given back yet, when left out.</summary>
    public decimal? Quantity { get; init; }
}

/// <summary>A charge was given back, wholly or in part.</summary>
internal sealed record ReversalReply
{
    public required string Id { get; init; }
    public required string Charge { get; init; }
    public required ReversalOutcome Outcome { get; init; }

    /// <summary>Credits given back.</summary>
    public required decimal Credits { get; init; }

    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }
    public required long Sequence { get; init; }
    public required bool Replayed { get; init; }

    /// <summary>Credits by the grant they went back to.</summary>
    public required IReadOnlyList<GrantBurn> Returned { get; init; }
}
