namespace Metering.Contracts;

/// <summary>What becomes of a charge that does not fit the available credits.</summary>
public enum ChargeMode
{
    /// <summary>Refused.</summary>
    Enforce = 0,

    /// <summary>Takes what is available and reports the uncovered rest.</summary>
    UpTo = 1,

    /// <summary>It happened: recorded in full, as overage if need be.</summary>
    Record = 2,
}

/// <summary>Usage to price and deduct, under the caller's id: all lines or none.</summary>
[GenerateSerializer, Immutable, Alias("metering.ChargeRequest")]
public sealed record ChargeRequest
{
    /// <summary>The caller's id: 1–128 of <c>A-Z a-z 0-9 . _ : -</c>. A retry sends the same.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>1 to 32 lines.</summary>
    [Id(1)] public required IReadOnlyList<ChargeLine> Lines { get; init; }

    /// <summary>When the usage happened; now when left out.</summary>
    [Id(2)] public DateTimeOffset? Time { get; init; }

    [Id(3)] public ChargeMode Mode { get; init; }

    /// <summary>Whether the reply explains the price. Not part of the charge's identity: a retry may ask for it.</summary>
    [Id(4)] public bool Explain { get; init; }

    /// <summary>
    /// A producer that numbers its charges instead of naming them, for very high rates: nothing is remembered but its latest
    /// <see cref="ProducerSequence"/>s. With it <see cref="Id"/> is <see cref="ProducerId"/> of the two.
    /// </summary>
    [Id(5)] public string? Producer { get; init; }

    /// <summary>1 or more, rising. Up to 63 behind the producer's highest may still arrive; gaps are fine.</summary>
    [Id(6)] public long ProducerSequence { get; init; }

    /// <summary>
    /// How long ago this charge was first sent, by whoever sends it again; zero the first time. It is no part of the charge and changes no price: an account that can no longer tell
    /// whether the id was used since then refuses as too old, instead of charging what may be charged already.
    /// </summary>
    [Id(7)] public TimeSpan FirstSentAgo { get; init; }

    /// <summary>The same charge, to be sent again so much later.</summary>
    public ChargeRequest Again(TimeSpan later) => this with { FirstSentAgo = FirstSentAgo + later };

    /// <summary>Longest name of a producer: with its sequence it still makes an id.</summary>
    public const int MaxProducerLength = 100;

    public static string ProducerId(string producer, long sequence) => $"{producer}:{sequence}";
}

[GenerateSerializer, Immutable, Alias("metering.ChargeLine")]
public sealed record ChargeLine
{
    [Id(0)] public required string Meter { get; init; }

    /// <summary>In the meter's unit: 0 or more, at most 9 decimal places.</summary>
    [Id(1)] public required decimal Quantity { get; init; }

    /// <summary>At most 16; names of 64, values of 256 characters.</summary>
    [Id(2)] public IReadOnlyDictionary<string, string> Dimensions { get; init; } = NoDimensions;

    internal static readonly IReadOnlyDictionary<string, string> NoDimensions = new Dictionary<string, string>(0);
}

/// <summary>A charge as it was made. A retry gets the same, with <c>Replayed</c> true.</summary>
[GenerateSerializer, Immutable, Alias("metering.ChargeReply")]
public sealed record ChargeReply
{
    [Id(0)] public required string Id { get; init; }

    /// <summary>Credits charged; negative when a volume price reached a cheaper tier.</summary>
    [Id(1)] public required decimal Credits { get; init; }

    /// <summary>What an <c>upTo</c> charge could not take; 0 in the other modes.</summary>
    [Id(2)] public decimal Uncovered { get; init; }

    [Id(3)] public required decimal Balance { get; init; }
    [Id(4)] public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry that holds the charge.</summary>
    [Id(5)] public required long Sequence { get; init; }

    [Id(6)] public bool Replayed { get; init; }

    /// <summary>Rules that a <c>record</c> charge passed: codes such as <c>insufficient_credits</c>.</summary>
    [Id(7)] public IReadOnlyList<Code> Violations { get; init; } = [];

    /// <summary>Present when asked for, and when a charge is read back.</summary>
    [Id(8)] public IReadOnlyList<LineExplanation>? Explanation { get; init; }

    /// <summary>Credits by grant; present with <see cref="Explanation"/>.</summary>
    [Id(9)] public IReadOnlyList<GrantBurn>? Burned { get; init; }

    /// <summary>Budget thresholds that this charge crossed.</summary>
    [Id(10)] public IReadOnlyList<CrossedThreshold> Crossed { get; init; } = [];
}

/// <summary>A charge, or the settling of a hold, read back by its id.</summary>
[GenerateSerializer, Immutable, Alias("metering.ChargeView")]
public sealed record ChargeView
{
    [Id(0)] public required string Id { get; init; }

    /// <summary>When it was charged.</summary>
    [Id(1)] public required DateTimeOffset At { get; init; }

    /// <summary>When the usage happened, as the request said.</summary>
    [Id(2)] public DateTimeOffset? Time { get; init; }

    [Id(3)] public required ChargeMode Mode { get; init; }
    [Id(4)] public required IReadOnlyList<ChargeLine> Lines { get; init; }
    [Id(5)] public required decimal Credits { get; init; }
    [Id(6)] public decimal Uncovered { get; init; }

    /// <summary>Right after the charge.</summary>
    [Id(7)] public required decimal Balance { get; init; }

    /// <summary>Right after the charge.</summary>
    [Id(8)] public required decimal Available { get; init; }

    [Id(9)] public required long Sequence { get; init; }
    [Id(10)] public IReadOnlyList<Code> Violations { get; init; } = [];
    [Id(11)] public required IReadOnlyList<LineExplanation> Explanation { get; init; }
    [Id(12)] public required IReadOnlyList<GrantBurn> Burned { get; init; }
    [Id(13)] public IReadOnlyList<CrossedThreshold> Crossed { get; init; } = [];

    /// <summary>The hold that was settled, if it was one.</summary>
    [Id(14)] public string? Hold { get; init; }

    /// <summary>Credits given back so far.</summary>
    [Id(15)] public decimal Reversed { get; init; }
}

/// <summary>What a charge would cost now, and whether it would be taken. Nothing was changed.</summary>
[GenerateSerializer, Immutable, Alias("metering.QuoteReply")]
public sealed record QuoteReply
{
    /// <summary>Credits it would take: in <c>upTo</c> mode what is available of its price.</summary>
    [Id(0)] public required decimal Credits { get; init; }

    [Id(1)] public decimal Uncovered { get; init; }

    /// <summary>After the charge.</summary>
    [Id(2)] public required decimal Balance { get; init; }

    /// <summary>After the charge.</summary>
    [Id(3)] public required decimal Available { get; init; }

    [Id(4)] public IReadOnlyList<Code> Violations { get; init; } = [];
    [Id(5)] public required IReadOnlyList<LineExplanation> Explanation { get; init; }
    [Id(6)] public required IReadOnlyList<GrantBurn> Burned { get; init; }
}

/// <summary>How one line was priced. Tiers and adjustments sum to its credits.</summary>
[GenerateSerializer, Immutable, Alias("metering.LineExplanation")]
public sealed record LineExplanation
{
    [Id(0)] public required string Meter { get; init; }
    [Id(1)] public required string Card { get; init; }
    [Id(2)] public required int Version { get; init; }
    [Id(3)] public required string Price { get; init; }

    /// <summary>Used in the period before this line, under this price, in the meter's unit.</summary>
    [Id(4)] public required decimal QuantityBefore { get; init; }

    [Id(5)] public required decimal Quantity { get; init; }
    [Id(6)] public required IReadOnlyList<TierExplanation> Tiers { get; init; }
    [Id(7)] public IReadOnlyList<AdjustmentExplanation> Adjustments { get; init; } = [];
    [Id(8)] public required decimal Credits { get; init; }
}

/// <summary>A tier's share of a line. Tiers count from 1; <c>Quantity</c> is after conversion and free units.</summary>
[GenerateSerializer, Immutable, Alias("metering.TierExplanation")]
public sealed record TierExplanation(
    [property: Id(0)] int Tier,
    [property: Id(1)] decimal Quantity,
    [property: Id(2)] decimal UnitPrice,
    [property: Id(3)] decimal FlatPrice,
    [property: Id(4)] decimal Credits);

/// <summary>What changed a line's credits beside its tiers: cap, discount, minimum, maximum, flat or repricing.</summary>
[GenerateSerializer, Immutable, Alias("metering.AdjustmentExplanation")]
public sealed record AdjustmentExplanation(
    [property: Id(0)] AdjustmentKind Kind,
    [property: Id(1)] decimal Credits);

/// <summary>Why a line's credits differ from the sum of its tiers.</summary>
public enum AdjustmentKind
{
    Cap = 0,
    Discount = 1,
    Minimum = 2,
    Maximum = 3,
    Flat = 4,
    Repricing = 5,
}

/// <summary>Credits taken from one grant; negative when they were returned to it.</summary>
[GenerateSerializer, Immutable, Alias("metering.GrantBurn")]
public sealed record GrantBurn(
    [property: Id(0)] string Grant,
    [property: Id(1)] decimal Credits);
