using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Grants;

/// <summary>Where credits came from. The numbers are encoded: they never change meaning.</summary>
public enum GrantKind
{
    Purchase = 0,
    Plan = 1,
    Promotion = 2,
    Refund = 3,
}

public enum GrantStatus
{
    /// <summary>Its <c>effectiveAt</c> is still to come.</summary>
    Pending = 0,
    Active = 1,
    Expired = 2,
    Voided = 3,
}

/// <summary>What a caller asks to grant, and what a grant is made of: it never changes.</summary>
public sealed record GrantTerms
{
    [ThreadStatic]
    private static GrantTerms? _last;

    public required string Id { get; init; }

    /// <summary>Above zero.</summary>
    public required Credits Amount { get; init; }

    /// <summary>Lower burns first.</summary>
    public required int Priority { get; init; }

    public required GrantKind Kind { get; init; }

    /// <summary>From when it may be used (inclusive); when it is added, if not given.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>Until when it may be used (exclusive).</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public required MeterPatterns Meters { get; init; }

    /// <summary>How it refills; null when it does not.</summary>
    public Recurrence? Recurrence { get; init; }

    internal void Write(ByteWriter writer)
    {
        writer.Text(Id);
        writer.Amount(Amount);
        writer.Number(Priority);
        writer.Byte((byte)Kind);
        writer.OptionalInstant(EffectiveAt);
        writer.OptionalInstant(ExpiresAt);
        Meters.Write(writer);
        writer.Flag(Recurrence is not null);
        Recurrence?.Write(writer);
    }

    /// <summary>Accounts of one plan share its terms where they come one after another: of a million there would be a million, and a charge would find those of its account far away.</summary>
    internal static GrantTerms Shared(GrantTerms terms) => _last is { } last && last == terms ? last : _last = terms;

    internal static GrantTerms Read(ref ByteReader reader)
    {
        return Shared(new GrantTerms
        {
            Id = reader.Text(),
            Amount = reader.Credits(),
            Priority = reader.Small(),
            Kind = reader.Enum<GrantKind>(),
            EffectiveAt = reader.OptionalInstant(),
            ExpiresAt = reader.OptionalInstant(),
            Meters = MeterPatterns.Read(ref reader),
            Recurrence = reader.Flag() ? Recurrence.Read(ref reader) : null,
        });
    }
}

/// <summary>Credits put into an account, and what is left of them.</summary>
public sealed class Grant
{
    // A third of what an optional instant takes; 0 for none, which is no instant anything happens at.
    private long _nextRefillTicks;
    private long _endedTicks;

    internal Grant(GrantTerms terms, DateTimeOffset addedAt, long addedSequence)
    {
        Terms = terms;
        AddedAt = addedAt;
        AddedSequence = addedSequence;
        EffectiveAt = terms.EffectiveAt ?? addedAt;
        Remaining = terms.Amount;
        Ceiling = terms.Amount;
        NextRefillAt = RefillAfter(EffectiveAt);
    }

    public GrantTerms Terms { get; }
    public string Id => Terms.Id;
    public DateTimeOffset AddedAt { get; }

    /// <summary>The entry that added it: what a retry is answered from, and the order of adding.</summary>
    public long AddedSequence { get; }

    public DateTimeOffset EffectiveAt { get; }
    public DateTimeOffset? ExpiresAt => Terms.ExpiresAt;
    public GrantStatus Status { get; internal set; }

    /// <summary>Full before it is active; 0 once expired or voided.</summary>
    public Credits Remaining { get; internal set; }

    /// <summary>When it refills next; null when it never does.</summary>
    public DateTimeOffset? NextRefillAt
    {
        get => AtTicks(_nextRefillTicks);
        internal set => _nextRefillTicks = TicksOf(value);
    }

    /// <summary>What it held when it was last full: its amount, or that and what rolled over.</summary>
    internal Credits Ceiling { get; set; }

    /// <summary>The most that can be returned to it: what was taken from it since it was last full.</summary>
    internal Credits Taken => Ceiling - Remaining;

    /// <summary>When it refills.</summary>
    internal Period? Boundaries => Terms.Recurrence?.Boundaries(EffectiveAt);

    /// <summary>When it stopped being of use: spent, expired or voided. Long after, its id may be forgotten.</summary>
    internal DateTimeOffset? EndedAt
    {
        get => AtTicks(_endedTicks);
        set => _endedTicks = TicksOf(value);
    }

    /// <summary>Balance and available right after it was added, for the answer to a retry.</summary>
    internal Credits BalanceWhenAdded { get; set; }

    internal Credits AvailableWhenAdded { get; set; }

    /// <summary>The answer to voiding it, for a retry of the void.</summary>
    internal VoidRecord? Void { get; set; }

    /// <summary>The first boundary after an instant at which it refills; null when it never does or ends first.</summary>
    internal DateTimeOffset? RefillAfter(DateTimeOffset instant) =>
        Boundaries?.Next(instant) is { } next && next < (ExpiresAt ?? DateTimeOffset.MaxValue) ? next : null;

    /// <inheritdoc cref="Accounts.Account.FetchAhead"/>
    internal int FetchAhead() => unchecked((int)_endedTicks) ^ (Remaining.IsZero ? 0 : 1);

    private static DateTimeOffset? AtTicks(long ticks) => ticks == 0 ? null : new DateTimeOffset(ticks, TimeSpan.Zero);

    private static long TicksOf(DateTimeOffset? instant) => instant?.UtcTicks ?? 0;
}

/// <summary>What a void forfeited, and the account right after it.</summary>
internal sealed record VoidRecord(Credits Forfeited, Credits Balance, Credits Available, long Sequence);
