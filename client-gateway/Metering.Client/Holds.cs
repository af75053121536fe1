namespace Metering.Client;

/// <summary>Credits to set aside for usage whose size is not known yet. See <see cref="ForQuantity"/> and <see cref="ForCredits"/>.</summary>
public sealed record Hold
{
    /// <summary>Yours, from the same set as charges' ids. It names the hold; a retry sends the same.</summary>
    public required string Id { get; init; }

    /// <summary>The meter, for a quantity of it, priced now.</summary>
    public string? Meter { get; init; }

    /// <summary>Above 0, with a meter.</summary>
    public decimal? Quantity { get; init; }

    /// <summary>With a meter; at most 16.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>Above 0, without a meter.</summary>
    public decimal? Credits { get; init; }

    /// <summary>Whole seconds, 1 s to 24 h; 5 minutes when left out.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary><see cref="ChargeMode.Enforce"/>, or <see cref="ChargeMode.UpTo"/>: hold what is available.</summary>
    public ChargeMode Mode { get; init; }

    /// <summary>A hold for a quantity of a meter.</summary>
    public static Hold ForQuantity(string id, string meter, decimal quantity, IReadOnlyDictionary<string, string>? dimensions = null) =>
        new() { Id = id, Meter = meter, Quantity = quantity, Dimensions = dimensions };

    /// <summary>A hold for credits.</summary>
    public static Hold ForCredits(string id, decimal credits) => new() { Id = id, Credits = credits };
}

/// <summary>Credits were set aside.</summary>
public sealed record HoldReply
{
    /// <summary>The hold's id.</summary>
    public required string Hold { get; init; }

    /// <summary>How much was held.</summary>
    public required decimal Credits { get; init; }

    /// <summary>When what is still held is given back.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Right after the hold, which does not change it.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after the hold.</summary>
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whether it had been done before, and this is the original answer.</summary>
    public required bool Replayed { get; init; }
}

/// <summary>The actual usage of a hold. See <see cref="OfQuantity"/> and <see cref="OfCredits"/>.</summary>
public sealed record Settle
{
    /// <summary>Yours, from the same set as charges' ids. A retry sends the same.</summary>
    public required string Id { get; init; }

    /// <summary>0 or more of the hold's meter; not for a hold placed as credits.</summary>
    public decimal? Quantity { get; init; }

    /// <summary>0 or more, instead of a quantity.</summary>
    public decimal? Credits { get; init; }

    /// <summary>Whether this closes the hold and gives the rest back.</summary>
    public bool Final { get; init; } = true;

    /// <summary>What becomes of usage beyond the hold: <see cref="ChargeMode.Record"/> or <see cref="ChargeMode.Enforce"/>.</summary>
    public ChargeMode Mode { get; init; } = ChargeMode.Record;

    /// <summary>Whether the reply explains the price.</summary>
    public bool Explain { get; init; }

    /// <summary>A quantity of the hold's meter.</summary>
    public static Settle OfQuantity(string id, decimal quantity) => new() { Id = id, Quantity = quantity };

    /// <summary>Credits.</summary>
    public static Settle OfCredits(string id, decimal credits) => new() { Id = id, Credits = credits };
}

/// <summary>What became of a hold.</summary>
public enum SettleOutcome
{
    /// <summary>Usage was charged.</summary>
    Settled = 0,

    /// <summary>Its credits were given back.</summary>
    Released = 1,
}

/// <summary>A hold was settled or released.</summary>
public sealed record SettleReply
{
    /// <summary>The settle's id, or the release's.</summary>
    public required string Id { get; init; }

    /// <summary>The hold's id.</summary>
    public required string Hold { get; init; }

    /// <summary>Which of the two it was; settling 0 finally is a release.</summary>
    public required SettleOutcome Outcome { get; init; }

    /// <summary>Credits charged by this settle.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Credits of the hold that are available again.</summary>
    public required decimal Released { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whether it had been done before, and this is the original answer.</summary>
    public required bool Replayed { get; init; }

    /// <summary>Codes of the rules that usage beyond the hold passed.</summary>
    public IReadOnlyList<string> Violations { get; init; } = [];

    /// <summary>Budget thresholds that it crossed.</summary>
    public IReadOnlyList<CrossedThreshold> Crossed { get; init; } = [];

    /// <summary>How it was priced, when asked for.</summary>
    public IReadOnlyList<LineExplanation> Explanation { get; init; } = [];

    /// <summary>Credits by grant, when the price was to be explained.</summary>
    public IReadOnlyList<GrantBurn> Burned { get; init; } = [];
}

/// <summary>An open hold.</summary>
public sealed record OpenHold
{
    /// <summary>The hold's id.</summary>
    public required string Hold { get; init; }

    /// <summary>What is still held.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Credits settled so far.</summary>
    public required decimal Settled { get; init; }

    /// <summary>Its meter; null for a hold placed as credits.</summary>
    public string? Meter { get; init; }

    /// <summary>As it was placed.</summary>
    public required IReadOnlyDictionary<string, string> Dimensions { get; init; }

    /// <summary>When it was placed.</summary>
    public required DateTimeOffset PlacedAt { get; init; }

    /// <summary>When what is still held is given back.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A charge was given back, wholly or in part.</summary>
public sealed record ReversalReply
{
    /// <summary>The reversal's id.</summary>
    public required string Id { get; init; }

    /// <summary>The charge's id.</summary>
    public required string Charge { get; init; }

    /// <summary>Credits given back.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after it.</summary>
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whether it had been done before, and this is the original answer.</summary>
    public required bool Replayed { get; init; }

    /// <summary>Credits by the grant they went back to; a new one of kind <see cref="GrantKind.Refund"/> where the old is gone.</summary>
    public required IReadOnlyList<GrantBurn> Returned { get; init; }
}
