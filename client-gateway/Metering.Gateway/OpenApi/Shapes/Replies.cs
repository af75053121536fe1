using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

internal enum ChargeOutcome
{
    Charged = 0,
}

/// <summary>A charge as it was made. A retry gets the same, with <c>replayed</c> true.</summary>
internal sealed record ChargeReply
{
    public required string Id { get; init; }
    public required ChargeOutcome Outcome { get; init; }

    /// <summary>Credits charged; negative when a volume price reached a cheaper tier.</summary>
    public required decimal Credits { get; init; }

    /// <summary>What an <c>upTo</c> charge could not take; left out when nothing.</summary>
    public decimal? Uncovered { get; init; }

    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }

    /// <summary>The number of the ledger entry that holds the charge.</summary>
    public required long Sequence { get; init; }

    public required bool Replayed { get; init; }

    /// <summary>Rules that a <c>record</c> charge passed.</summary>
    public IReadOnlyList<Code>? Violations { get; init; }

    /// <summary>Budget thresholds that this charge crossed.</summary>
    public IReadOnlyList<CrossedThreshold>? Crossed { get; init; }

    /// <summary>Present when asked for.</summary>
    public IReadOnlyList<LineExplanation>? Explanation { get; init; }

    /// <summary>Present with the explanation.</summary>
    public IReadOnlyList<GrantBurn>? Burned { get; init; }
}

/// <summary>A charge read back.</summary>
internal sealed record ChargeView
{
    public required string Id { get; init; }
    public required ChargeOutcome Outcome { get; init; }

    /// <summary>When it was charged.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the usage happened, as the request said.</summary>
    public DateTimeOffset? Time { get; init; }

    public required ChargeMode Mode { get; init; }

    /// <summary>The hold that was settled, if it was one.</summary>
    public string? Hold { get; init; }

    public required IReadOnlyList<ChargeLine> Lines { get; init; }
    public required decimal Credits { get; init; }
    public decimal? Uncovered { get; init; }

    /// <summary>Right after the charge.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Right after the charge.</summary>
    public required decimal Available { get; init; }

    /// <summary>Credits given back so far; left out when none.</summary>
    public decimal? Reversed { get; init; }

    public required long Sequence { get; init; }
    public IReadOnlyList<Code>? Violations { get; init; }
    public IReadOnlyList<CrossedThreshold>? Crossed { get; init; }
    public required IReadOnlyList<LineExplanation> Explanation { get; init; }
    public required IReadOnlyList<GrantBurn> Burned { get; init; }
}

/// <summary>What a charge would cost now. Nothing was changed.</summary>
internal sealed record QuoteReply
{
    public required decimal Credits { get; init; }
    public decimal? Uncovered { get; init; }

    /// <summary>After the charge.</summary>
    public required decimal Balance { get; init; }

    /// <summary>After the charge.</summary>
    public required decimal Available { get; init; }

    public IReadOnlyList<Code>? Violations { get; init; }
    public required IReadOnlyList<LineExplanation> Explanation { get; init; }
    public required IReadOnlyList<GrantBurn> Burned { get; init; }
}

/// <summary>How one line was priced. Tiers and adjustments sum to its credits.</summary>
internal sealed record LineExplanation
{
    public required string Meter { get; init; }
    public required string Card { get; init; }
    public required int Version { get; init; }
    public required string Price { get; init; }

    /// <summary>Used in the period before this line, under this price.</summary>
    public required decimal QuantityBefore { get; init; }

    public required decimal Quantity { get; init; }
    public required IReadOnlyList<TierExplanation> Tiers { get; init; }
    public IReadOnlyList<AdjustmentExplanation>? Adjustments { get; init; }
    public required decimal Credits { get; init; }
}

/// <summary>A tier's share of a line. Tiers count from 1.</summary>
internal sealed record TierExplanation
{
    public required int Tier { get; init; }

    /// <summary>After conversion and free units.</summary>
    public required decimal Quantity { get; init; }

    public required decimal UnitPrice { get; init; }
    public decimal? FlatPrice { get; init; }
    public required decimal Credits { get; init; }
}

/// <summary>What changed a line's credits beside its tiers.</summary>
internal sealed record AdjustmentExplanation
{
    public required AdjustmentKind Kind { get; init; }
    public required decimal Credits { get; init; }
}

/// <summary>Credits taken from one grant; negative when they were returned to it.</summary>
internal sealed record GrantBurn
{
    public required string Grant { get; init; }
    public required decimal Credits { get; init; }
}

/// <summary>For each charge, in the batch's order: its reply, or the problem that says why there is none (see the status's other replies).</summary>
internal sealed record BatchReply
{
    public required IReadOnlyList<ChargeResult> Results { get; init; }
}

/// <summary>A charge's reply or its problem: the fields of the one or of the other.</summary>
internal sealed record ChargeResult
{
    public string? Id { get; init; }
    public ChargeOutcome? Outcome { get; init; }
    public decimal? Credits { get; init; }
    public decimal? Uncovered { get; init; }
    public decimal? Balance { get; init; }
    public decimal? Available { get; init; }
    public long? Sequence { get; init; }
    public bool? Replayed { get; init; }
    public IReadOnlyList<Code>? Violations { get; init; }
    public IReadOnlyList<CrossedThreshold>? Crossed { get; init; }
    public IReadOnlyList<LineExplanation>? Explanation { get; init; }
    public IReadOnlyList<GrantBurn>? Burned { get; init; }
    public string? Type { get; init; }
    public string? Title { get; init; }
    public int? Status { get; init; }
    public Code? Code { get; init; }
    public string? Detail { get; init; }
    public string? Account { get; init; }
    public decimal? Required { get; init; }
    public bool? Retryable { get; init; }
    public IReadOnlyList<FieldFault>? Errors { get; init; }
}

/// <summary>Why a request was refused (RFC 9457). It changed nothing, and its id is not remembered.</summary>
internal sealed record Problem
{
    public required string Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }
    public required Code Code { get; init; }
    public required string Detail { get; init; }
    public string? Account { get; init; }

    /// <summary>Credits that were needed.</summary>
    public decimal? Required { get; init; }

    /// <summary>Credits that were available.</summary>
    public decimal? Available { get; init; }

    /// <summary>Whether the same request can succeed later without anybody changing the account.</summary>
    public required bool Retryable { get; init; }

    /// <summary>Every fault of the request, by path.</summary>
    public IReadOnlyList<FieldFault>? Errors { get; init; }
}

/// <summary>One field that is not valid.</summary>
internal sealed record FieldFault
{
    /// <summary>Where it stands, as in <c>lines[0].quantity</c>; <c>$</c> is the body itself.</summary>
    public required string Path { get; init; }

    /// <summary>required, unknown_field, wrong_type, bad_format, out_of_range, too_long, too_many, too_precise, duplicate, conflict, not_rising, gap or in_past.</summary>
    public required string Code { get; init; }

    public required string Message { get; init; }
}

/// <summary>An account as it is now: every number is of the same instant and durable.</summary>
internal sealed record Account
{
    [System.Text.Json.Serialization.JsonPropertyName("account")]
    public required string Id { get; init; }

    public required AccountStatus Status { get; init; }
    public required string DisplayName { get; init; }
    public required string RateCard { get; init; }
    public required decimal DiscountPercent { get; init; }
    public required decimal CreditLimit { get; init; }
    public required Period Period { get; init; }
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>What is left of active grants, less overage.</summary>
    public required decimal Balance { get; init; }

    /// <summary>Balance and credit limit, less what is held: what an <c>enforce</c> charge may take.</summary>
    public required decimal Available { get; init; }

    public required decimal Held { get; init; }

    /// <summary>Used beyond all credits.</summary>
    public required decimal Overage { get; init; }

    public required long Sequence { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required Durability Durability { get; init; }
    public required IReadOnlyList<Grant> Grants { get; init; }

    /// <summary>Open holds, the first to expire first; at most 1,000 of them.</summary>
    public required IReadOnlyList<Hold> Holds { get; init; }

    /// <summary>How many holds are open.</summary>
    public required int HoldCount { get; init; }

    public required IReadOnlyList<Budget> Budgets { get; init; }
    public required Policy Policy { get; init; }

    /// <summary>What was used under each price in the periods that are still open, the newest first.</summary>
    public required IReadOnlyList<UsageCounter> Counters { get; init; }
}

/// <summary>A page of accounts, in the order of their ids.</summary>
internal sealed record AccountList
{
    public required IReadOnlyList<AccountSummary> Accounts { get; init; }

    /// <summary>Where the next page begins; left out on the last.</summary>
    public string? Cursor { get; init; }
}

internal sealed record AccountSummary
{
    public required string Account { get; init; }
    public string? DisplayName { get; init; }
    public decimal? Balance { get; init; }
    public decimal? Available { get; init; }

    /// <summary>Why the account could not be read, when it could not; its balance is left out then.</summary>
    public Code? Code { get; init; }
}

internal sealed record GrantList
{
    public required IReadOnlyList<Grant> Grants { get; init; }
}

/// <summary>Credits put into an account, and what is left of them.</summary>
internal sealed record Grant
{
    public required string Id { get; init; }
    public required decimal Amount { get; init; }

    /// <summary>Full before it is active; 0 once voided or expired.</summary>
    public required decimal Remaining { get; init; }

    public required int Priority { get; init; }
    public required GrantKind Kind { get; init; }
    public required GrantStatus Status { get; init; }
    public required DateTimeOffset EffectiveAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public IReadOnlyList<string>? Meters { get; init; }
    public required DateTimeOffset AddedAt { get; init; }
    public Recurrence? Recurrence { get; init; }
    public Rollover? Rollover { get; init; }

    /// <summary>When it refills next; left out when it does not.</summary>
    public DateTimeOffset? NextRefillAt { get; init; }
}

/// <summary>A grant added or voided, and the account right after.</summary>
internal sealed record GrantReply
{
    public required string Id { get; init; }
    public required GrantOutcome Outcome { get; init; }

    /// <summary>Credits granted, or credits forfeited by the void.</summary>
    public required decimal Credits { get; init; }

    public required decimal Balance { get; init; }
    public required decimal Available { get; init; }
    public required long Sequence { get; init; }
    public required bool Replayed { get; init; }

    /// <summary>What may not have been meant, such as a pattern that fits no meter.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}

internal sealed record Health
{
    public required string Status { get; init; }

    public IReadOnlyList<string>? Reasons { get; init; }
}
