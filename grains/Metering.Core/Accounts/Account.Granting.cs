using Metering.Core.Entries;
using Metering.Core.Grants;

namespace Metering.Core.Accounts;

/// <summary>How a request about a grant ended. The first that applies wins.</summary>
public enum GrantOutcome
{
    Granted = 0,
    Voided,
    AccountNotFound,
    GrantNotFound,
    IdReused,

    /// <summary><c>expiresAt</c> is not after the account's time: it could never be used.</summary>
    ExpiresInPast,

    /// <summary>The account's credits would leave their range.</summary>
    CreditsOutOfRange,

    /// <summary>The account has as many grants as it may.</summary>
    TooManyGrants,
}

/// <summary>What becomes of a request about a grant.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Entry">To apply; null for refusals and retries.</param>
/// <param name="Answer">What the caller hears; null for refusals.</param>
public sealed record GrantDecision(GrantOutcome Outcome, Entry? Entry = null, GrantAnswer? Answer = null);

/// <summary>The account right after a grant was added or voided.</summary>
public sealed record GrantAnswer(Credits Credits, Credits Balance, Credits Available, long Sequence, bool Replayed);

public sealed partial class Account
{
    /// <summary>Adds a grant. When it is active at once, overage is paid from it first.</summary>
    public GrantDecision DecideGrant(GrantTerms terms, DateTimeOffset now)
    {
        if (!Exists)
        {
            return new GrantDecision(GrantOutcome.AccountNotFound);
        }

        // Before anything that time can change: a retry after the grant expired still hears that it was granted.
        if (_grants.Find(terms.Id) is { } known)
        {
            return known.Terms == terms
                ? new GrantDecision(GrantOutcome.Granted, Answer: new(terms.Amount, known.BalanceWhenAdded, known.AvailableWhenAdded, known.AddedSequence, Replayed: true))
                : new GrantDecision(GrantOutcome.IdReused);
        }

        if (terms.ExpiresAt <= now)
        {
            return new GrantDecision(GrantOutcome.ExpiresInPast);
        }

        if (!Credits.Fits(_grants.Remaining.Value + terms.Amount.Value))
        {
            return new GrantDecision(GrantOutcome.CreditsOutOfRange);
        }

        var full = _grants.Count >= _limits.MaxGrants;
        if (full && _grants.CountEndedThrough(now - _limits.IdWindow) == 0)
        {
            return new GrantDecision(GrantOutcome.TooManyGrants);
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
        return new GrantDecision(GrantOutcome.Granted, entry, new(terms.Amount, entry.Balance, entry.Available, entry.Sequence, Replayed: false));
    }

    /// <summary>Forfeits what is left of a grant. Of one that has expired nothing is left; voiding it says so.</summary>
    public GrantDecision DecideVoid(string id, DateTimeOffset now)
    {
        if (!Exists)
        {
            return new GrantDecision(GrantOutcome.AccountNotFound);
        }

        if (_grants.Find(id) is not { } grant)
        {
            return new GrantDecision(GrantOutcome.GrantNotFound);
        }

        if (grant.Void is { } done)
        {
            return new GrantDecision(GrantOutcome.Voided, Answer: new(done.Forfeited, done.Balance, done.Available, done.Sequence, Replayed: true));
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
        return new GrantDecision(GrantOutcome.Voided, entry, new(entry.Forfeited, entry.Balance, entry.Available, entry.Sequence, Replayed: false));
    }
}
