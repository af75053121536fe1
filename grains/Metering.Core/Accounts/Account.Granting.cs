using Metering.Core.Entries;
using Metering.Core.Grants;

namespace Metering.Core.Accounts;

/// <summary>What becomes of a request about a grant.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Entry">To apply; null for refusals and retries.</param>
/// <param name="Answer">What the caller hears; null for refusals.</param>
public sealed record GrantDecision(Outcome Outcome, Entry? Entry = null, GrantAnswer? Answer = null);

/// <summary>The account right after a grant was added or voided.</summary>
public sealed record GrantAnswer(Credits Credits, Credits Balance, Credits Available, long Sequence, bool Replayed);

public sealed partial class Account
{
    /// <summary>Adds a grant. When it is active at once, overage is paid from it first.</summary>
    public GrantDecision DecideGrant(GrantTerms terms, DateTimeOffset now)
    {
        if (!Exists)
        {
            return new GrantDecision(Outcome.AccountNotFound);
        }

        // Before anything that time can change: a retry after the grant expired still hears that it was granted.
        if (_grants.Find(terms.Id) is { } known)
        {
            return known.Terms == terms
                ? new GrantDecision(Outcome.Done, Answer: new(terms.Amount, known.BalanceWhenAdded, known.AvailableWhenAdded, known.AddedSequence, Replayed: true))
                : new GrantDecision(Outcome.IdReused);
        }

        if (IsClosed)
        {
            return new GrantDecision(Outcome.AccountClosed);
        }

        if (terms.ExpiresAt <= now)
        {
            return new GrantDecision(Outcome.ExpiresInPast);
        }

        if (!Credits.FitsSum(_grants.Remaining, terms.Amount))
        {
            return new GrantDecision(Outcome.OutOfRange);
        }

        if (HasTooManyRefills(terms, now))
        {
            return new GrantDecision(Outcome.TooManyRefills);
        }

        var full = _grants.Count >= _limits.MaxGrants;
        if (full && _grants.CountEndedThrough(now - _limits.IdWindow) == 0)
        {
            return new GrantDecision(Outcome.TooManyGrants);
        }

        var arriving = (terms.EffectiveAt ?? now) <= now ? terms.Amount : Credits.Zero;
        var entry = new GrantAdded
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance + arriving,
            Available = Available + arriving,
            Terms = terms,
            OveragePaid = Credits.Min(Overage, arriving),
            MadeRoom = full,
        };
        return new GrantDecision(Outcome.Done, entry, new(terms.Amount, entry.Balance, entry.Available, entry.Sequence, Replayed: false));
    }

    /// <summary>Forfeits what is left of a grant. Of one that has expired nothing is left; voiding it says so.</summary>
    public GrantDecision DecideVoid(string id, DateTimeOffset now)
    {
        if (!Exists)
        {
            return new GrantDecision(Outcome.AccountNotFound);
        }

        if (_grants.Find(id) is not { } grant)
        {
            return new GrantDecision(Outcome.GrantNotFound);
        }

        if (grant.Void is { } done)
        {
            return new GrantDecision(Outcome.Done, Answer: new(done.Forfeited, done.Balance, done.Available, done.Sequence, Replayed: true));
        }

        if (IsClosed)
        {
            return new GrantDecision(Outcome.AccountClosed);
        }

        var leaving = grant.Status == GrantStatus.Active ? grant.Remaining : Credits.Zero;
        var entry = new GrantVoided
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance - leaving,
            Available = Available - leaving,
            Grant = id,
            Forfeited = grant.Remaining,
        };
        return new GrantDecision(Outcome.Done, entry, new(entry.Forfeited, entry.Balance, entry.Available, entry.Sequence, Replayed: false));
    }

    private bool HasTooManyRefills(GrantTerms terms, DateTimeOffset now)
    {
        if (terms.Recurrence is null || terms.EffectiveAt is not { } effectiveAt)
        {
            return false;
        }

        var boundaries = terms.Recurrence.Boundaries(effectiveAt);
        var boundary = effectiveAt;
        for (var refills = 0; refills <= _limits.MaxRefillsAtOnce; refills++)
        {
            boundary = boundaries.Next(boundary);
            if (boundary > now)
            {
                return false;
            }
        }

        return true;
    }
}
