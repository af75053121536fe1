namespace Metering.Client;

/// <summary>What becomes of usage that does not fit the available credits.</summary>
public enum ChargeMode
{
    /// <summary>Refused.</summary>
    Enforce = 0,

    /// <summary>Takes what is available and reports the uncovered rest.</summary>
    UpTo = 1,

    /// <summary>It happened: recorded in full, as overage if need be.</summary>
    Record = 2,
}

/// <summary>Usage to price: all lines or none.</summary>
public record Usage
{
    /// <summary>1 to 32 lines.</summary>
    public required IReadOnlyList<ChargeLine> Lines { get; init; }

    /// <summary>When the usage happened; now when left out.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>What becomes of it when it does not fit the available credits.</summary>
    public ChargeMode Mode { get; init; }

    /// <summary>Whether the reply explains the price.</summary>
    public bool Explain { get; init; }

    /// <summary>One line of one meter.</summary>
    public static Usage Of(string meter, decimal quantity, IReadOnlyDictionary<string, string>? dimensions = null) =>
        new() { Lines = [new ChargeLine(meter, quantity) { Dimensions = dimensions }] };
}

/// <summary>Usage to price and deduct, under an id of yours.</summary>
public sealed record Charge : Usage
{
    /// <summary>A retry sends the same.</summary>
    public required ChargeId Id { get; init; }

    /// <summary>
    /// When it was first sent, if it was before: the client keeps it by itself, also for a charge that <see cref="MeteringException.Charge"/> gives back. An account that has forgotten
    /// ids of that time refuses as <see cref="Codes.TooOld"/> what it does not know, instead of charging it a second time. It changes no price.
    /// </summary>
    public DateTimeOffset? FirstSentAt { get; init; }

    /// <summary>One line of one meter.</summary>
    public static Charge Of(ChargeId id, string meter, decimal quantity, IReadOnlyDictionary<string, string>? dimensions = null) =>
        new() { Id = id, Lines = [new ChargeLine(meter, quantity) { Dimensions = dimensions }] };
}

/// <summary>
/// What a charge is recognised by when it is sent again: a name of yours, which the account remembers for a while; or a number of a producer,
/// of which it only remembers the latest.
/// </summary>
public sealed record ChargeId
{
    private readonly string? _name;

    private ChargeId(string? name, string? producer, long sequence)
    {
        _name = name;
        Producer = producer;
        Sequence = sequence;
    }

    /// <summary>Who numbered it; null for a name.</summary>
    public string? Producer { get; }

    /// <summary>The producer's number; 0 for a name.</summary>
    public long Sequence { get; }

    internal string Name => _name ?? "";

    /// <summary>A name: 1 to 128 of <c>A-Z a-z 0-9 . _ : -</c>.</summary>
    public static implicit operator ChargeId(string name) => FromString(name);

    /// <summary>A name: 1 to 128 of <c>A-Z a-z 0-9 . _ : -</c>.</summary>
    public static ChargeId FromString(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new ChargeId(name, null, 0);
    }

    /// <summary>A number of a producer; <see cref="MeteringClient.Producer"/> gives them by itself.</summary>
    /// <param name="producer">1 to 100 of <c>A-Z a-z 0-9 . _ : -</c>.</param>
    /// <param name="sequence">1 to 2^62, rising for each account. Up to 63 behind the highest may still arrive; gaps are fine.</param>
    public static ChargeId Numbered(string producer, long sequence)
    {
        ArgumentException.ThrowIfNullOrEmpty(producer);
        return new ChargeId(null, producer, sequence);
    }

    /// <summary>The id by which the charge can be read and reversed.</summary>
    public override string ToString() => _name ?? $"{Producer}:{Sequence}";
}

/// <summary>One meter's usage.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="Quantity">In its unit: 0 or more, at most 9 decimal places.</param>
public sealed record ChargeLine(string Meter, decimal Quantity)
{
    /// <summary>At most 16; names of 64, values of 256 characters.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }
}

/// <summary>A charge with its account.</summary>
/// <param name="Account">Who pays.</param>
/// <param name="Charge">What is charged.</param>
public sealed record AccountCharge(string Account, Charge Charge);

/// <summary>A charge as it was made.</summary>
public sealed record ChargeReply
{
    /// <summary>The charge's id.</summary>
    public required string Id { get; init; }

    /// <summary>Credits charged; negative when a volume price reached a cheaper tier.</summary>
    public required decimal Credits { get; init; }

    /// <summary>What an <see cref="ChargeMode.UpTo"/> charge could not take.</summary>
    public decimal Uncovered { get; init; }

    /// <summary>Right after the charge.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after the charge.</summary>
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry that holds the charge.</summary>
    public required long Sequence { get; init; }

    /// <summary>Whether it had been charged before, and this is the original answer.</summary>
    public required bool Replayed { get; init; }

    /// <summary>Codes of the rules that a <see cref="ChargeMode.Record"/> charge passed.</summary>
    public IReadOnlyList<string> Violations { get; init; } = [];

    /// <summary>Budget thresholds that this charge crossed.</summary>
    public IReadOnlyList<CrossedThreshold> Crossed { get; init; } = [];

    /// <summary>How each line was priced, when asked for.</summary>
    public IReadOnlyList<LineExplanation> Explanation { get; init; } = [];

    /// <summary>Credits by grant, when the price was to be explained.</summary>
    public IReadOnlyList<GrantBurn> Burned { get; init; } = [];
}

/// <summary>A charge, or the settling of a hold, read back by its id.</summary>
public sealed record PastCharge
{
    /// <summary>The charge's id.</summary>
    public required string Id { get; init; }

    /// <summary>When it was charged.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the usage happened, as the request said.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>As the request said.</summary>
    public required ChargeMode Mode { get; init; }

    /// <summary>As the request said.</summary>
    public required IReadOnlyList<ChargeLine> Lines { get; init; }

    /// <summary>Credits charged.</summary>
    public required decimal Credits { get; init; }

    /// <summary>What an <see cref="ChargeMode.UpTo"/> charge could not take.</summary>
    public decimal Uncovered { get; init; }

    /// <summary>Right after the charge.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after the charge.</summary>
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry that holds the charge.</summary>
    public required long Sequence { get; init; }

    /// <summary>Codes of the rules that a <see cref="ChargeMode.Record"/> charge passed.</summary>
    public IReadOnlyList<string> Violations { get; init; } = [];

    /// <summary>Budget thresholds that it crossed.</summary>
    public IReadOnlyList<CrossedThreshold> Crossed { get; init; } = [];

    /// <summary>How each line was priced.</summary>
    public IReadOnlyList<LineExplanation> Explanation { get; init; } = [];

    /// <summary>Credits by grant.</summary>
    public IReadOnlyList<GrantBurn> Burned { get; init; } = [];

    /// <summary>The hold that was settled, if it was one.</summary>
    public string? Hold { get; init; }

    /// <summary>Credits given back so far.</summary>
    public decimal Reversed { get; init; }
}

/// <summary>What a charge would do now. Nothing was changed.</summary>
public sealed record Quote
{
    /// <summary>Credits it would take.</summary>
    public required decimal Credits { get; init; }

    /// <summary>What an <see cref="ChargeMode.UpTo"/> charge could not take.</summary>
    public decimal Uncovered { get; init; }

    /// <summary>After the charge.</summary>
    public required decimal Balance { get; init; }

    /// <summary>After the charge.</summary>
    public required decimal Available { get; init; }

    /// <summary>Codes of the rules that a <see cref="ChargeMode.Record"/> charge would pass.</summary>
    public IReadOnlyList<string> Violations { get; init; } = [];

    /// <summary>How each line was priced.</summary>
    public IReadOnlyList<LineExplanation> Explanation { get; init; } = [];

    /// <summary>Credits by grant.</summary>
    public IReadOnlyList<GrantBurn> Burned { get; init; } = [];
}
