using Metering.Core.Encoding;

namespace Metering.Core.Grants;

/// <summary>
/// All grants of an account: by id, and the active ones in burn order. The sum of what is left of the active ones is kept, so that
/// reading a balance does not walk them; a charge walks only grants that still have something.
/// </summary>
public sealed class GrantBook
{
    /// <summary>So many are found by looking at each: most accounts have few, and a table takes more than a grant does.</summary>
    private const int MaxUnindexed = 8;

    // In the order of adding.
    private readonly List<Grant> _all = new(capacity: 1);

    // Null while there is one grant, and it is active, as most accounts have: then it is the same.
    private List<Grant>? _active;

    // Null while all active ones have something left, as most accounts' have: then they are the same.
    private List<Grant>? _burnable;
    private Dictionary<string, Grant>? _byId;
    private PriorityQueue<Grant, Due>? _due;
    private Credits _pending;
    private int _restricted;

    // Of most accounts the only one.
    private Grant? _addedLast;

    public int Count => _all.Count;

    /// <summary>What is left of active grants.</summary>
    public Credits ActiveRemaining { get; private set; }

    /// <summary>What is left of all grants, those not active yet included.</summary>
    public Credits Remaining => ActiveRemaining + _pending;

    /// <summary>Every grant, in the order of adding.</summary>
    public IEnumerable<Grant> All => _all;

    /// <summary>Active grants that still have something, in burn order.</summary>
    internal List<Grant> Burnable => _burnable ?? Active;

    /// <summary>Active grants, spent ones included, in burn order.</summary>
    internal List<Grant> Active => _active ?? _all;

    public Grant? Find(string id)
    {
        if (_byId is not null)
        {
            return _byId.GetValueOrDefault(id);
        }

        foreach (var grant in _all)
        {
            if (grant.Id == id)
            {
                return grant;
            }
        }

        return null;
    }

    /// <summary>What active grants hold that pay for a meter.</summary>
    internal Credits RemainingFor(string meter)
    {
        if (_restricted == 0)
        {
            return ActiveRemaining;
        }

        var sum = Credits.Zero;
        foreach (var grant in Burnable)
        {
            if (grant.Terms.Meters.Fit(meter))
            {
                sum += grant.Remaining;
            }
        }

        return sum;
    }

    /// <inheritdoc cref="Accounts.Account.FetchAhead"/>
    internal int FetchAhead() => _addedLast?.FetchAhead() ?? 0;

    /// <summary>The next grant to begin, refill or end, and when; null when none will.</summary>
    internal (DateTimeOffset At, GrantTurn Turn, Grant Grant)? NextDue()
    {
        while (_due is not null && _due.TryPeek(out var grant, out var due))
        {
            // What was voided, and what has come about, stays in the queue until it comes up; here it is passed over.
            var stands = due.Turn switch
            {
                GrantTurn.Begins => grant.Status == GrantStatus.Pending,
                GrantTurn.Refills => grant.Status == GrantStatus.Active && grant.NextRefillAt?.UtcTicks == due.Ticks,
                GrantTurn.Ends => grant.Status == GrantStatus.Active,
            };
            if (stands)
            {
                return (new DateTimeOffset(due.Ticks, TimeSpan.Zero), due.Turn, grant);
            }

            _due.Dequeue();
        }

        return null;
    }

    internal void Add(Grant grant)
    {
        // Bytes that name one twice are damaged.
        if (Find(grant.Id) is not null)
        {
            throw new ArgumentException($"There is a grant {grant.Id} already.", nameof(grant));
        }

        if (_active is null && (_all.Count > 0 || grant.Status != GrantStatus.Active))
        {
            _active = [.. _all];
        }

        _all.Add(grant);
        _addedLast = grant;
        if (_byId is not null)
        {
            _byId.Add(grant.Id, grant);
        }
        else if (_all.Count > MaxUnindexed)
        {
            _byId = _all.ToDictionary(static each => each.Id, StringComparer.Ordinal);
        }

        Place(grant);
    }

    internal void Activate(Grant grant)
    {
        _pending -= grant.Remaining;
        grant.Status = GrantStatus.Active;
        Place(grant);
    }

    /// <summary>Takes credits from an active grant; a negative amount returns them.</summary>
    internal void Burn(Grant grant, Credits credits, DateTimeOffset at)
    {
        var before = grant.Remaining;
        grant.Remaining = before - credits;
        ActiveRemaining -= credits;
        grant.EndedAt = grant.Remaining.IsZero && grant.NextRefillAt is null ? at : null;
        if (grant.Remaining.IsZero)
        {
            Spent(grant);
        }
        else if (before.IsZero)
        {
            Insert(_burnable!, grant);
        }
    }

    /// <summary>Fills a recurring grant anew at a boundary.</summary>
    internal void Refill(Grant grant, Credits forfeited, Credits added)
    {
        var before = grant.Remaining;
        grant.Remaining = before - forfeited + added;
        grant.Ceiling = grant.Remaining;
        ActiveRemaining += grant.Remaining - before;
        if (before.IsZero && !grant.Remaining.IsZero)
        {
            Insert(_burnable!, grant);
        }
        else if (!before.IsZero && grant.Remaining.IsZero)
        {
            Spent(grant);
        }

        grant.NextRefillAt = grant.RefillAfter(grant.NextRefillAt!.Value);
        ScheduleRefill(grant);
    }

    internal void End(Grant grant, GrantStatus status, DateTimeOffset at)
    {
        if (grant.Status == GrantStatus.Active)
        {
            ActiveRemaining -= grant.Remaining;
            Remove(_active ??= [.. _all], grant);
            if (_burnable is not null && !grant.Remaining.IsZero)
            {
                Remove(_burnable, grant);
            }

            _restricted -= grant.Terms.Meters.IsAll ? 0 : 1;
        }
        else
        {
            _pending -= grant.Remaining;
        }

        grant.Remaining = Credits.Zero;
        grant.Status = status;
        grant.NextRefillAt = null;
        grant.EndedAt = at;
    }

    /// <summary>Forgets grants that were spent or ended at or before an instant: a retry of one is told apart no longer.</summary>
    internal void ForgetEndedThrough(DateTimeOffset instant)
    {
        foreach (var grant in _all.Where(grant => grant.EndedAt <= instant).ToList())
        {
            if (grant.Status == GrantStatus.Active)
            {
                End(grant, GrantStatus.Expired, instant);
            }

            _byId?.Remove(grant.Id);
        }

        _all.RemoveAll(grant => grant.EndedAt <= instant);
    }

    internal int CountEndedThrough(DateTimeOffset instant) => _all.Count(grant => grant.EndedAt <= instant);

    internal void Write(ByteWriter writer)
    {
        writer.Count(_all.Count);
        foreach (var grant in All)
        {
            var terms = grant.Terms;
            terms.Write(writer);
            writer.Instant(grant.AddedAt);
            writer.Number(grant.AddedSequence);
            writer.Byte((byte)grant.Status);
            writer.Amount(grant.Remaining);
            writer.OptionalInstant(grant.EndedAt);
            writer.Amount(grant.BalanceWhenAdded);
            writer.Amount(grant.AvailableWhenAdded);
            writer.OptionalInstant(grant.NextRefillAt);
            if (terms.Recurrence is not null)
            {
                writer.Amount(grant.Ceiling);
            }

            writer.Flag(grant.Void is not null);
            if (grant.Void is { } record)
            {
                writer.Amount(record.Forfeited);
                writer.Amount(record.Balance);
                writer.Amount(record.Available);
                writer.Number(record.Sequence);
            }
        }
    }

    internal static GrantBook Read(ref ByteReader reader)
    {
        var book = new GrantBook();
        for (var left = reader.Count(); left > 0; left--)
        {
            var terms = GrantTerms.Read(ref reader);
            var addedAt = reader.Instant();
            var grant = new Grant(terms, addedAt, reader.Number())
            {
                Status = reader.Enum<GrantStatus>(),
                Remaining = reader.Credits(),
                EndedAt = reader.OptionalInstant(),
                BalanceWhenAdded = reader.Credits(),
                AvailableWhenAdded = reader.Credits(),
                NextRefillAt = reader.OptionalInstant(),
            };
            grant.Ceiling = terms.Recurrence is null ? terms.Amount : reader.Credits();
            grant.Void = reader.Flag() ? new VoidRecord(reader.Credits(), reader.Credits(), reader.Credits(), reader.Number()) : null;
            book.Add(grant);
        }

        return book;
    }

    private void Place(Grant grant)
    {
        switch (grant.Status)
        {
            case GrantStatus.Pending:
                _pending += grant.Remaining;
                Schedule(grant, grant.EffectiveAt, GrantTurn.Begins);
                break;
            case GrantStatus.Active:
                ActiveRemaining += grant.Remaining;
                if (_active is not null)
                {
                    Insert(_active, grant);
                }

                if (grant.Remaining.IsZero)
                {
                    _burnable ??= [.. Active.Where(static each => !each.Remaining.IsZero)];
                }
                else if (_burnable is not null)
                {
                    Insert(_burnable, grant);
                }

                _restricted += grant.Terms.Meters.IsAll ? 0 : 1;
                if (grant.ExpiresAt is { } expiresAt)
                {
                    Schedule(grant, expiresAt, GrantTurn.Ends);
                }

                ScheduleRefill(grant);

                break;
            case GrantStatus.Expired:
            case GrantStatus.Voided:
                break;
        }
    }

    /// <summary>Nothing is left of an active grant that had something.</summary>
    private void Spent(Grant grant)
    {
        _burnable ??= [.. Active];
        Remove(_burnable, grant);
    }

    private void ScheduleRefill(Grant grant)
    {
        if (grant.NextRefillAt is { } refillAt)
        {
            Schedule(grant, refillAt, GrantTurn.Refills);
        }
    }

    private void Schedule(Grant grant, DateTimeOffset at, GrantTurn turn) =>
        (_due ??= new PriorityQueue<Grant, Due>()).Enqueue(grant, new Due(at.UtcTicks, turn, grant.AddedSequence));

    private static void Insert(List<Grant> list, Grant grant)
    {
        var index = list.BinarySearch(grant, BurnOrder.Instance);
        list.Insert(~index, grant);
    }

    private static void Remove(List<Grant> list, Grant grant) => list.RemoveAt(list.BinarySearch(grant, BurnOrder.Instance));

    /// <summary>At one instant grants end before others refill and others begin, each in the order of adding: a total order, so replay agrees.</summary>
    private readonly record struct Due(long Ticks, GrantTurn Turn, long Added) : IComparable<Due>
    {
        public int CompareTo(Due other)
        {
            var order = Ticks.CompareTo(other.Ticks);
            order = order == 0 ? Turn.CompareTo(other.Turn) : order;
            return order == 0 ? Added.CompareTo(other.Added) : order;
        }
    }
}

/// <summary>What comes to a grant by itself, in the order of one instant.</summary>
internal enum GrantTurn
{
    Ends = 0,
    Refills = 1,
    Begins = 2,
}
