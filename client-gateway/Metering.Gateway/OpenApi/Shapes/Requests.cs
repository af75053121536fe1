using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>A body that callers send: fields that are not in it are refused.</summary>
internal interface IRequest;

/// <summary>Usage to price and deduct: either <c>meter</c> and <c>quantity</c>, or <c>lines</c>.</summary>
internal record Charge : IRequest
{
    /// <summary>The caller's id: 1 to 128 of A-Z a-z 0-9 . _ : -. A retry sends the same. Left out only when there is a producer.</summary>
    public string? Id { get; init; }

    /// <summary>Instead of an id, for very high rates: who numbers its charges, 1 to 100 characters of a name.</summary>
    public string? Producer { get; init; }

    /// <summary>With a producer: its number for this charge, 1 or more, rising. Also in a string.</summary>
    public long? ProducerSequence { get; init; }

    /// <summary>The meter, when there is one line.</summary>
    public string? Meter { get; init; }

    /// <summary>In the meter's unit, when there is one line: 0 or more.</summary>
    public decimal? Quantity { get; init; }

    /// <summary>At most 16, when there is one line; names of 64, values of 256 characters.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }

    /// <summary>1 to 32 lines: all are charged, or none.</summary>
    public IReadOnlyList<ChargeLine>? Lines { get; init; }

    /// <summary>When the usage happened; now when left out.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>What becomes of a charge that does not fit: refused (<c>enforce</c>, the default), taken as far as it fits (<c>upTo</c>), or recorded all the same.</summary>
    public ChargeMode? Mode { get; init; }

    /// <summary>Whether the reply explains the price.</summary>
    public bool? Explain { get; init; }

    /// <summary>
    /// When it is sent again: how long ago it was first sent, at most a year; 0 or left out the first time. No part of the charge, and changes no price: an account that has forgotten
    /// ids of that time refuses as <c>too_old</c> what it does not know, instead of charging it a second time. Also in a string.
    /// </summary>
    public long? FirstSentMillisecondsAgo { get; init; }
}

/// <summary>One meter's usage.</summary>
internal sealed record ChargeLine : IRequest
{
    public required string Meter { get; init; }

    /// <summary>In the meter's unit: 0 or more.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>At most 16; names of 64, values of 256 characters.</summary>
    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }
}

/// <summary>A charge of a batch, with its account.</summary>
internal sealed record BatchCharge : Charge
{
    public required string Account { get; init; }
}

/// <summary>Charges of any accounts, each on its own. Those of one account keep their order.</summary>
internal sealed record ChargeBatch : IRequest
{
    /// <summary>At most 10,000.</summary>
    public required IReadOnlyList<BatchCharge> Charges { get; init; }
}

/// <summary>A charge to price, perhaps by a draft.</summary>
internal sealed record QuoteRequest : Charge
{
    /// <summary>A draft to price by, instead of the account's rate card.</summary>
    public RateCardDraft? RateCard { get; init; }
}

/// <summary>What an account is set to. A PUT replaces all of it: fields left out take their defaults.</summary>
internal sealed record AccountSettings : IRequest
{
    /// <summary>At most 256 characters.</summary>
    public string? DisplayName { get; init; }

    /// <summary>The rate card that prices its usage; <c>default</c> when left out.</summary>
    public string? RateCard { get; init; }

    /// <summary>0 to 100: taken off every price.</summary>
    public decimal? DiscountPercent { get; init; }

    /// <summary>0 or more: how far the balance may go below zero in <c>enforce</c> mode.</summary>
    public decimal? CreditLimit { get; init; }

    /// <summary>How prices' counters begin anew; calendar months when left out.</summary>
    public Period? Period { get; init; }

    /// <summary>At most 50 pairs; keys of 64, values of 512 characters.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>Begins anew at the anchor plus every whole number of units, in UTC.</summary>
internal sealed record Period : IRequest
{
    public required PeriodUnit Every { get; init; }

    /// <summary>The start of 2026 when left out.</summary>
    public DateTimeOffset? Anchor { get; init; }
}

/// <summary>Credits to put into an account.</summary>
internal sealed record GrantRequest : IRequest
{
    /// <summary>The caller's id, among the account's grants. A retry sends the same.</summary>
    public required string Id { get; init; }

    /// <summary>Above 0.</summary>
    public required decimal Amount { get; init; }

    /// <summary>0 to 1,000,000; lower burns first; 100 when left out.</summary>
    public int? Priority { get; init; }

    /// <summary><c>purchase</c> when left out.</summary>
    public GrantKind? Kind { get; init; }

    /// <summary>From when it may be used (inclusive); when it is added, if left out. May be in the past.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>Until when it may be used (exclusive); for ever, if left out. Must be after now.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>At most 100 meters it pays for: names, or a prefix and *; all, when left out.</summary>
    public IReadOnlyList<string>? Meters { get; init; }

    /// <summary>When it refills; never, when left out.</summary>
    public Recurrence? Recurrence { get; init; }

    /// <summary>What of the rest stays at a refill; nothing, when left out. Only with a recurrence.</summary>
    public Rollover? Rollover { get; init; }
}

/// <summary>A grant refills every so many units from its anchor, before it and after it, in UTC, once it is effective.</summary>
internal sealed record Recurrence : IRequest
{
    public required PeriodUnit Every { get; init; }

    /// <summary>How many units lie between refills, 1 to 1,000; 1 when left out.</summary>
    public int? Count { get; init; }

    /// <summary>The grant's <c>effectiveAt</c>, when left out.</summary>
    public DateTimeOffset? Anchor { get; init; }
}

/// <summary>A refill gives the amount and what was left, but of that at least a minimum and at most a maximum.</summary>
internal sealed record Rollover : IRequest
{
    /// <summary>0 when left out.</summary>
    public decimal? Minimum { get; init; }

    /// <summary>At least the minimum; all that was left, when left out.</summary>
    public decimal? Maximum { get; init; }
}

/// <summary>A CloudEvent in JSON: a charge in <c>record</c> mode. Extension attributes are dimensions too.</summary>
internal sealed record MeteringEvent
{
    /// <summary>1.0.</summary>
    public required string Specversion { get; init; }

    /// <summary>With the source, the charge's id.</summary>
    public required string Id { get; init; }

    public required string Source { get; init; }

    /// <summary>The meter.</summary>
    public required string Type { get; init; }

    /// <summary>The account.</summary>
    public required string Subject { get; init; }

    /// <summary>When the usage happened; now when left out.</summary>
    public DateTimeOffset? Time { get; init; }

    public EventData? Data { get; init; }
}

/// <summary>The data of an event.</summary>
internal sealed record EventData : IRequest
{
    /// <summary>0 or more; 1 when left out.</summary>
    public decimal? Quantity { get; init; }

    public IReadOnlyDictionary<string, string>? Dimensions { get; init; }
}
