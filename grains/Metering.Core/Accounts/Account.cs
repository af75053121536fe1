using Metering.Core.Budgets;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;
using Metering.Core.Rollups;

namespace Metering.Core.Accounts;

/// <summary>
/// Who pays: the whole state of one account, as a pure state machine. <c>Decide…</c> looks and changes nothing; <see cref="Apply"/> changes and
/// decides nothing. Time, cards and ids are arguments, so the same commands at the same instants give the same entries, and the same entries
/// the same bytes. Not thread-safe: one turn at a time.
/// </summary>
/// <remarks>
/// The order of a turn: take <see cref="Now"/>; apply <see cref="DecideDue"/> until there is none (what fell due by itself, each an entry at its
/// own time); decide the command; apply its entries.
/// </remarks>
public sealed partial class Account
{
    private readonly AccountLimits _limits;
    private readonly bool _isPast;
    private GrantBook _grants = new();
    private HoldBook _holds = HoldBook.None;
    private BudgetBook _budgets = BudgetBook.None;
    private Policy _policy = Policy.None;
    private UsageCounters _counters = new();
    private RememberedIds _remembered = new();
    private Producers _producers = Producers.None;
    private Reversals _reversals = Reversals.None;
    private UsageRollups _rollups = UsageRollups.None;
    private AccountSettings? _settings;
    private DateTimeOffset _lastAt = DateTimeOffset.MinValue;

    // The last entry that may have been a reversal. Not part of the state that is written: after it is read back, any may have been.
    private long _lastReversal;

    public Account(string id, AccountLimits limits)
        : this(id, limits, isPast: false)
    {
    }

    private Account(string id, AccountLimits limits, bool isPast)
    {
        Id = id;
        _limits = limits;
        _isPast = isPast;
    }

    /// <summary>
    /// An account to be brought to where it was by its entries, the first of them next, and looked at there. It does not remember ids, nor what was given back of charges, which nobody looks at and which take most of the
    /// time: nothing is decided on it but what falls due, and it is not written.
    /// </summary>
    public static Account Past(string id, AccountLimits limits) => new(id, limits, isPast: true);

    public string Id { get; }

    /// <summary>False until its first entry.</summary>
    public bool Exists => _settings is not null;

    /// <summary>Closed for good: it can be read, nothing else.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>The number of its last entry; 0 before the first.</summary>
    public long Sequence { get; private set; }

    public DateTimeOffset CreatedAt { get; private set; }

    /// <summary>When its last entry happened; the beginning of time before the first.</summary>
    public DateTimeOffset LastAt => _lastAt;

    public AccountSettings Settings => _settings ?? throw new InvalidOperationException("The account does not exist.");

    /// <summary>Used beyond all credits. Not negative.</summary>
    public Credits Overage { get; private set; }

    /// <summary>Set aside by open holds.</summary>
    public Credits Held => _holds.Total;

    /// <summary>What is left of active grants, less overage.</summary>
    public Credits Balance => _grants.ActiveRemaining - Overage;

    /// <summary>Balance + credit limit − held.</summary>
    public Credits Available => _settings is null ? Credits.Zero : Balance + _settings.CreditLimit - Held;

    /// <summary>Every grant it knows, in the order of adding.</summary>
    public IEnumerable<Grant> Grants => _grants.All;

    public HoldBook Holds => _holds;

    public IReadOnlyList<Budget> Budgets => _budgets.All;

    public Policy Policy => _policy;

    /// <summary>What was used under each price in the periods that are still counted.</summary>
    public IEnumerable<(PriceKey Price, DateTimeOffset PeriodStart, Quantity Quantity)> Counters => _counters.All;

    /// <summary>
    /// What was used in a range, by window and meter: the sum over lines of charges and settles whose entry is in it, less the lines that reversals in it gave back. Only windows in which
    /// there is an entry. Null when the range is not covered, by <see cref="UsageWindow"/> or at all: then the ledger has it.
    /// </summary>
    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive; may lie ahead.</param>
    /// <param name="window">What to add up by. A window that the range cuts off begins where it begins.</param>
    public IReadOnlyList<UsedInWindow>? UsageIn(DateTimeOffset from, DateTimeOffset to, UsageWindow window) => _rollups.Read(from, to, window, _lastAt);

    /// <summary>How many ids it remembers.</summary>
    public int RememberedCount => _remembered.Count;

    /// <summary>
    /// The account's time: the clock, but never before its last entry. After a move to a silo whose clock is behind, time
    /// stands still until that clock has caught up.
    /// </summary>
    public DateTimeOffset Now(DateTimeOffset clock) => clock > _lastAt ? clock : _lastAt;

    /// <summary>A charge or settle that is still remembered, by its id.</summary>
    public PaidOperation? FindCharge(string id) => FindOperation(id) as PaidOperation;

    /// <summary>How much of a charge was given back so far.</summary>
    public Credits ReversedOf(string charge) => _reversals.Of(charge).Credits;

    /// <summary>
    /// Reads what a charge under an id will read, so that the processor fetches it while it has other accounts to fetch: for somebody who is about to charge many, one after another,
    /// each of which lies somewhere else in memory. For any thread at any time: it changes nothing, and what it read may be half of a change that is being made.
    /// </summary>
    /// <returns>Of no meaning. It is made of what was read, or that would not be read at all; never added up, since a sum may be too large.</returns>
    public int FetchAhead(string id) => _grants.FetchAhead() ^ _counters.FetchAhead() ^ _remembered.FetchAhead(id) ^ _rollups.FetchAhead();

    private Charged? FindNumbered(string id)
    {
        var colon = _producers.Count == 0 ? -1 : id.LastIndexOf(':');
        return colon > 0 && long.TryParse(id.AsSpan(colon + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var sequence)
            ? _producers.Find(id[..colon], sequence, out _)
            : null;
    }
}
