using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    /// <summary>When something falls due by itself next; the end of time when nothing does.</summary>
    public DateTimeOffset NextDueAt
    {
        get
        {
            if (IsClosed)
            {
                return DateTimeOffset.MaxValue;
            }

            var grant = _grants.NextDue()?.At ?? DateTimeOffset.MaxValue;
            return _holds.NextDue() is { } hold && hold.ExpiresAt < grant ? hold.ExpiresAt : grant;
        }
    }

    /// <summary>
    /// The next thing that fell due by <paramref name="now"/>: a hold that expired, a grant that ended, refilled or began. Its entry bears the time
    /// it fell due, not the time it was noticed, unless something later was recorded before it could be known (a back-dated grant).
    /// </summary>
    public Entry? DecideDue(DateTimeOffset now)
    {
        // A closed account stands as it was closed: a recurring grant would otherwise fill it, and wake it, for ever.
        if (IsClosed)
        {
            return null;
        }

        var hold = _holds.NextDue();
        if (_grants.NextDue() is { } due && due.At <= now && (hold is null || due.At < hold.ExpiresAt))
        {
            var at = Now(due.At);
            return due.Turn switch
            {
                GrantTurn.Begins => Activated(due.Grant, at),
                GrantTurn.Refills => Refilled(due.Grant, at),
                GrantTurn.Ends => Expired(due.Grant, at),
            };
        }

        return hold is not null && hold.ExpiresAt <= now ? Expired(hold, Now(hold.ExpiresAt)) : null;
    }

    private GrantActivated Activated(Grant grant, DateTimeOffset at) => new()
    {
        Sequence = Sequence + 1,
        At = at,
        Balance = Balance + grant.Remaining,
        Available = Available + grant.Remaining,
        Grant = grant.Id,
        OveragePaid = Credits.Min(Overage, grant.Remaining),
    };

    private GrantRefilled Refilled(Grant grant, DateTimeOffset at)
    {
        var left = grant.Remaining;
        var rollover = grant.Terms.Recurrence!.Rollover(left);
        var forfeited = left - Credits.Min(left, rollover);

        // All grants together stay in the range of credits, whatever rolls over.
        var room = Credits.Max - (_grants.Remaining - left);
        var full = Credits.Min(room, Credits.Min(Credits.Max, grant.Terms.Amount + rollover));
        forfeited = Credits.Larger(forfeited, left - full);
        return new GrantRefilled
        {
            Sequence = Sequence + 1,
            At = at,
            Balance = Balance + full - left,
            Available = Available + full - left,
            Grant = grant.Id,
            Forfeited = forfeited,
            Added = full - (left - forfeited),
            OveragePaid = Credits.Min(Overage, full),
        };
    }

    private GrantExpired Expired(Grant grant, DateTimeOffset at) => new()
    {
        Sequence = Sequence + 1,
        At = at,
        Balance = Balance - grant.Remaining,
        Available = Available - grant.Remaining,
        Grant = grant.Id,
        Forfeited = grant.Remaining,
    };

    private HoldExpired Expired(Hold hold, DateTimeOffset at) => new()
    {
        Sequence = Sequence + 1,
        At = at,
        Balance = Balance,
        Available = Available + hold.Left,
        Hold = hold.Id,
        Released = hold.Left,
    };
}
