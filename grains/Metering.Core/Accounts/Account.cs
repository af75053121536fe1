using Metering.Core.Entries;
using Metering.Core.Grants;

namespace Metering.Core.Accounts;

/// <summary>
/// Who pays: the whole state of one account, as a pure state machine. <c>Decide…</c> looks and changes nothing; <see cref="Apply"/> changes and
/// decides nothing. Time, cards and ids are arguments, so the same commands at the same instants give the same entries, and the same entries
/// the same bytes. Not thread-safe: one turn at a time.
/// </summary>
/// <remarks>
/// The order of a turn: take <see cref="Now"/>; apply <see cref="DecideDue"/> until there is none (what fell due by itself, each an entry at its
/// own time); decide the command; apply its entry.
/// </remarks>
public sealed partial class Account
{
    private readonly AccountLimits _limits;
    private GrantBook _grants = new();
    private UsageCounters _counters = new();
    private RememberedIds _remembered = new();
    private AccountSettings? _settings;
    private DateTimeOffset _lastAt = DateTimeOffset.MinValue;

    public Account(string id, AccountLimits limits)
    {
        Id = id;
        _limits = limits;
    }

    public string Id { get; }

    /// <summary>False until its first entry.</summary>
    public bool Exists => _settings is not null;

    /// <summary>The number of its last entry; 0 before the first.</summary>
    public long Sequence { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    public AccountSettings Settings => _settings ?? throw new InvalidOperationException("The account does not exist.");

    /// <summary>Used beyond all credits. Not negative.</summary>
    public Credits Overage { get; private set; }

    /// <summary>Set aside by open holds.</summary>
    public Credits Held { get; }

    /// <summary>What is left of active grants, less overage.</summary>
    public Credits Balance => _grants.ActiveRemaining - Overage;

    /// <summary>Balance + credit limit − held.</summary>
    public Credits Available => _settings is null ? Credits.Zero : Balance + _settings.CreditLimit - Held;

    /// <summary>Every grant it knows, in the order of adding.</summary>
    public IEnumerable<Grant> Grants => _grants.All;

    /// <summary>How many ids it remembers.</summary>
    public int RememberedCount => _remembered.Count;

    /// <summary>
    /// The account's time: the clock, but never before its last entry. After a move to a silo whose clock is behind, time
    /// stands still until that clock has caught up.
    /// </summary>
    public DateTimeOffset Now(DateTimeOffset clock) => clock > _lastAt ? clock : _lastAt;

    /// <summary>A charge that is still remembered, by its id.</summary>
    public Charged? FindCharge(string id) => _remembered.Find(id);
}
