namespace Metering.Contracts;

/// <summary>What an administrator did. What callers use (charges, holds, events) is not among them: that is in the ledger.</summary>
public enum AuditOperation
{
    AccountPut = 0,
    AccountClose = 1,
    GrantAdd = 2,
    GrantVoid = 3,
    BudgetPut = 4,
    BudgetDelete = 5,
    PolicyPut = 6,

    /// <summary>By operators and administrators; one by a <see cref="Role.Charge"/> key is usage.</summary>
    ChargeReverse = 7,
    RateCardPublish = 8,
    KeyAdd = 9,
    KeyRotate = 10,
    KeyRevoke = 11,

    /// <summary>A customer token was given out.</summary>
    TokenMake = 12,
}

/// <summary>What became of a change that was asked for.</summary>
public enum AuditOutcome
{
    /// <summary>It is being made. Its entry is followed by one that says what became of it.</summary>
    Pending = 0,

    Done = 1,

    /// <summary>It was refused and changed nothing.</summary>
    Refused = 2,

    /// <summary>It may have been made or not: whoever made it ended, or could not know.</summary>
    Unknown = 3,
}

/// <summary>A change that is about to be made: who makes it, from where, and of what.</summary>
[GenerateSerializer, Immutable, Alias("metering.AuditIntent")]
public sealed record AuditIntent
{
    /// <summary>Of this change alone; the same when it is sent again.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary><c>key:</c> and its id, <c>jwt:</c> and the subject, <c>setting:AdminKey</c>, <c>local</c> where no key was needed, <c>system</c> for what the process did by itself.</summary>
    [Id(1)] public required string Actor { get; init; }

    /// <summary>What the key is called; null when it is none.</summary>
    [Id(2)] public string? ActorName { get; init; }

    /// <summary>The address the request came from; null for what came from nowhere.</summary>
    [Id(3)] public string? Address { get; init; }

    [Id(4)] public required AuditOperation Operation { get; init; }

    /// <summary>As in the address of the API, without its version: <c>accounts/acme/grants/plan</c>.</summary>
    [Id(5)] public required string Resource { get; init; }

    /// <summary>JSON: the resource as it was read before; null when there was none.</summary>
    [Id(6)] public string? Before { get; init; }

    /// <summary>JSON: what was asked for; null when the operation says it all. Without secrets.</summary>
    [Id(7)] public string? Requested { get; init; }
}

/// <summary>What became of an <see cref="AuditIntent"/>.</summary>
/// <param name="Intent">The intent's <see cref="AuditIntent.Id"/>.</param>
/// <param name="Outcome">Not <see cref="AuditOutcome.Pending"/>.</param>
/// <param name="Refusal">Why, with <see cref="AuditOutcome.Refused"/>.</param>
/// <param name="After">JSON: the resource as it is; null when there is none, or nothing is known of it. Without secrets.</param>
[GenerateSerializer, Immutable, Alias("metering.AuditResult")]
public sealed record AuditResult(
    [property: Id(0)] string Intent,
    [property: Id(1)] AuditOutcome Outcome,
    [property: Id(2)] Code? Refusal,
    [property: Id(3)] string? After);

/// <summary>What was written to the log of a change, so that it is there whatever ends now.</summary>
/// <param name="Number">Of the entry.</param>
[GenerateSerializer, Immutable, Alias("metering.AuditReceipt")]
public sealed record AuditReceipt([property: Id(0)] long Number);

/// <summary>One entry of the audit log. It never changes.</summary>
[GenerateSerializer, Immutable, Alias("metering.AuditEntry")]
public sealed record AuditEntry
{
    /// <summary>1 for the first; rises by one.</summary>
    [Id(0)] public required long Number { get; init; }

    /// <summary>When it was written; never before the one before it.</summary>
    [Id(1)] public required DateTimeOffset At { get; init; }

    /// <summary>When the change was asked for.</summary>
    [Id(2)] public required DateTimeOffset AskedAt { get; init; }

    /// <summary>Of a change that was made it says no more what was requested: <see cref="After"/> does.</summary>
    [Id(3)] public required AuditIntent Intent { get; init; }

    [Id(4)] public required AuditOutcome Outcome { get; init; }
    [Id(5)] public Code? Refusal { get; init; }
    [Id(6)] public string? After { get; init; }
}

/// <summary>Where a page of the audit log ended.</summary>
/// <param name="Chunk">Entries are stored in chunks: the one to go on in.</param>
/// <param name="Number">Entries below it follow.</param>
[GenerateSerializer, Immutable, Alias("metering.AuditPlace")]
public readonly record struct AuditPlace(
    [property: Id(0)] long Chunk,
    [property: Id(1)] long Number);

/// <summary>Which entries to read. Of each change the last one is told: what became of it or, while that is not known, that it is pending.</summary>
[GenerateSerializer, Immutable, Alias("metering.AuditQuery")]
public sealed record AuditQuery
{
    public const int MaxLimit = 1_000;

    /// <summary>Inclusive; null from the beginning.</summary>
    [Id(0)] public DateTimeOffset? From { get; init; }

    /// <summary>Exclusive; null to the end.</summary>
    [Id(1)] public DateTimeOffset? To { get; init; }

    /// <summary>A name, or a prefix and <c>*</c>; null for all.</summary>
    [Id(2)] public string? Actor { get; init; }

    /// <summary>A name, or a prefix and <c>*</c>; null for all.</summary>
    [Id(3)] public string? Resource { get; init; }

    /// <summary>Empty for all.</summary>
    [Id(4)] public IReadOnlyList<AuditOperation> Operations { get; init; } = [];

    /// <summary>Where the page before ended; null for the first.</summary>
    [Id(5)] public AuditPlace? Before { get; init; }

    /// <summary>1 to <see cref="MaxLimit"/>.</summary>
    [Id(6)] public required int Limit { get; init; }
}

/// <summary>Entries, newest first. There may be fewer than asked for, or none, and still more behind them: only so much is read at a time.</summary>
/// <param name="Entries">The entries.</param>
/// <param name="Next">Where to go on; null when that was all.</param>
/// <param name="Damaged">Chunks that could not be read: what is in them is missing here.</param>
[GenerateSerializer, Immutable, Alias("metering.AuditPage")]
public sealed record AuditPage(
    [property: Id(0)] IReadOnlyList<AuditEntry> Entries,
    [property: Id(1)] AuditPlace? Next,
    [property: Id(2)] IReadOnlyList<long> Damaged);

/// <summary>Why the audit log's chain does not hold.</summary>
public enum AuditBreakReason
{
    /// <summary>A part of it is not there.</summary>
    Missing = 0,

    /// <summary>An entry is not what was written, or cannot be read.</summary>
    Changed = 1,
}

/// <summary>The first place at which the chain does not hold.</summary>
/// <param name="Number">Of the entry: the one that was changed, or the first that is missing.</param>
/// <param name="Reason">Why.</param>
[GenerateSerializer, Immutable, Alias("metering.AuditBreak")]
public sealed record AuditBreak(
    [property: Id(0)] long Number,
    [property: Id(1)] AuditBreakReason Reason);

/// <summary>A part of the audit log, checked. Each entry's hash is SHA-256 over the hash of the one before and its own bytes.</summary>
[GenerateSerializer, Immutable, Alias("metering.AuditCheck")]
public sealed record AuditCheck
{
    /// <summary>The first entry there is; 0 when there is none.</summary>
    [Id(0)] public long First { get; init; }

    /// <summary>The last that was looked at.</summary>
    [Id(1)] public long Last { get; init; }

    /// <summary>Null when it holds as far as it was looked at.</summary>
    [Id(2)] public AuditBreak? Break { get; init; }

    /// <summary>Of the last entry that was looked at: noted elsewhere, it shows later whether the log up to there was written anew.</summary>
    [Id(3)] public byte[] Hash { get; init; } = [];

    /// <summary>The chunk to go on with; null when that was all.</summary>
    [Id(4)] public long? Next { get; init; }
}

/// <summary>The audit log: one of a cluster. Keyed 0. Entries are durable before they are acknowledged.</summary>
[Alias("metering.IAuditLogGrain")]
public interface IAuditLogGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Writes that a change is about to be made; until it is acknowledged nothing may be changed. Again, it is answered as before. Refuses with <see cref="Code.Overloaded"/> when more
    /// changes are under way than it keeps in mind, and with <see cref="Code.Unavailable"/> when it cannot write.
    /// </summary>
    [Alias("Begin"), ResponseTimeout("00:00:10")]
    Task<Answer<AuditReceipt>> Begin(AuditIntent intent);

    /// <summary>Writes what became of it. Again, it is answered as before.</summary>
    [Alias("End"), ResponseTimeout("00:00:10")]
    Task<Answer<AuditReceipt>> End(AuditResult result);

    /// <summary>A page of entries, newest first.</summary>
    [Alias("Read"), ResponseTimeout("00:00:20")]
    Task<Answer<AuditPage>> Read(AuditQuery query);

    /// <summary>Checks a part of the log, oldest first.</summary>
    /// <param name="after">What the part before was found to be; null to begin.</param>
    [Alias("Verify"), ResponseTimeout("00:00:20")]
    Task<Answer<AuditCheck>> Verify(AuditCheck? after);
}
