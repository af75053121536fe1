namespace Metering.Contracts;

/// <summary>Credits to set aside: for a quantity of a meter, priced now, or as credits. Exactly one of the two.</summary>
[GenerateSerializer, Immutable, Alias("metering.HoldRequest")]
public sealed record HoldRequest
{
    public static readonly TimeSpan DefaultTimeToLive = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan MaxTimeToLive = TimeSpan.FromHours(24);

    /// <summary>The caller's id, from the same set as charges' ids. It names the hold.</summary>
    [Id(0)] public required string Id { get; init; }

    [Id(1)] public string? Meter { get; init; }

    /// <summary>Above 0, in the meter's unit; with <see cref="Meter"/>, and only then.</summary>
    [Id(2)] public decimal? Quantity { get; init; }

    /// <summary>With <see cref="Meter"/> only.</summary>
    [Id(3)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = ChargeLine.NoDimensions;

    /// <summary>Above 0; without <see cref="Meter"/>.</summary>
    [Id(4)] public decimal? Credits { get; init; }

    /// <summary>1 second to <see cref="MaxTimeToLive"/>.</summary>
    [Id(5)] public TimeSpan TimeToLive { get; init; } = DefaultTimeToLive;

    /// <summary><see cref="ChargeMode.Enforce"/>, or <see cref="ChargeMode.UpTo"/>: hold what is available.</summary>
    [Id(6)] public ChargeMode Mode { get; init; }
}

/// <summary>Credits were set aside.</summary>
[GenerateSerializer, Immutable, Alias("metering.HoldReply")]
public sealed record HoldReply
{
    [Id(0)] public required string Hold { get; init; }

    /// <summary>How much was held.</summary>
    [Id(1)] public required decimal Credits { get; init; }

    [Id(2)] public required DateTimeOffset ExpiresAt { get; init; }
    [Id(3)] public required decimal Balance { get; init; }
    [Id(4)] public required decimal Available { get; init; }
    [Id(5)] public required long Sequence { get; init; }
    [Id(6)] public bool Replayed { get; init; }
}

/// <summary>An open hold.</summary>
[GenerateSerializer, Immutable, Alias("metering.HoldView")]
public sealed record HoldView
{
    [Id(0)] public required string Hold { get; init; }

    /// <summary>What is still held.</summary>
    [Id(1)] public required decimal Credits { get; init; }

    /// <summary>Credits settled so far.</summary>
    [Id(2)] public required decimal Settled { get; init; }

    [Id(3)] public string? Meter { get; init; }
    [Id(4)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = ChargeLine.NoDimensions;
    [Id(5)] public required DateTimeOffset PlacedAt { get; init; }
    [Id(6)] public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The actual usage of a hold: a quantity of its meter, or credits. Exactly one of the two.</summary>
[GenerateSerializer, Immutable, Alias("metering.SettleRequest")]
public sealed record SettleRequest
{
    /// <summary>The caller's id for this settle, from the same set as charges' ids.</summary>
    [Id(0)] public required string Id { get; init; }

    [Id(1)] public required string Hold { get; init; }

    /// <summary>0 or more, in the hold's meter's unit; refused for a hold placed as credits.</summary>
    [Id(2)] public decimal? Quantity { get; init; }

    /// <summary>0 or more.</summary>
    [Id(3)] public decimal? Credits { get; init; }

    /// <summary>Whether this closes the hold and gives the rest back.</summary>
    [Id(4)] public bool Final { get; init; } = true;

    /// <summary>What becomes of usage beyond the hold: <see cref="ChargeMode.Record"/>, or <see cref="ChargeMode.Enforce"/>.</summary>
    [Id(5)] public ChargeMode Mode { get; init; } = ChargeMode.Record;

    [Id(6)] public bool Explain { get; init; }
}

[GenerateSerializer, Immutable, Alias("metering.ReleaseRequest")]
public sealed record ReleaseRequest(
    [property: Id(0)] string Id,
    [property: Id(1)] string Hold);

public enum SettleOutcome
{
    Settled = 0,
    Released = 1,
}

/// <summary>A hold was settled or released.</summary>
[GenerateSerializer, Immutable, Alias("metering.SettleReply")]
public sealed record SettleReply
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required string Hold { get; init; }
    [Id(2)] public required SettleOutcome Outcome { get; init; }

    /// <summary>Credits charged by this settle.</summary>
    [Id(3)] public required decimal Credits { get; init; }

    /// <summary>Credits of the hold that are available again.</summary>
    [Id(4)] public required decimal Released { get; init; }

    [Id(5)] public required decimal Balance { get; init; }
    [Id(6)] public required decimal Available { get; init; }
    [Id(7)] public required long Sequence { get; init; }
    [Id(8)] public bool Replayed { get; init; }
    [Id(9)] public IReadOnlyList<Code> Violations { get; init; } = [];
    [Id(10)] public IReadOnlyList<LineExplanation>? Explanation { get; init; }
    [Id(11)] public IReadOnlyList<GrantBurn>? Burned { get; init; }
    [Id(12)] public IReadOnlyList<CrossedThreshold> Crossed { get; init; } = [];
}

/// <summary>Gives a charge back. Without a quantity: all that has not been given back yet.</summary>
[GenerateSerializer, Immutable, Alias("metering.ReversalRequest")]
public sealed record ReversalRequest
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required string Charge { get; init; }

    /// <summary>Above 0; only for a charge of one line. The credits are in proportion.</summary>
    [Id(2)] public decimal? Quantity { get; init; }
}

[GenerateSerializer, Immutable, Alias("metering.ReversalReply")]
public sealed record ReversalReply
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required string Charge { get; init; }

    /// <summary>Credits given back.</summary>
    [Id(2)] public required decimal Credits { get; init; }

    [Id(3)] public required decimal Balance { get; init; }
    [Id(4)] public required decimal Available { get; init; }
    [Id(5)] public required long Sequence { get; init; }
    [Id(6)] public bool Replayed { get; init; }

    /// <summary>Credits by the grant they went back to; a new grant of kind <c>refund</c> where the old one is gone.</summary>
    [Id(7)] public IReadOnlyList<GrantBurn> Returned { get; init; } = [];
}
