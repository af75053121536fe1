using Metering.Core.Entries;
using Metering.Core.Grants;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    /// <summary>When something falls due by itself next; the end of time when nothing does.</summary>
    public DateTimeOffset NextDueAt => _grants.NextDueAt;

    /// <summary>
    /// The next thing that fell due by <paramref name="now"/>: a grant that began or ended. Its entry bears the time it fell due, not the time it was
    /// noticed, unless something later was recorded before it could be known (a back-dated grant).
    /// </summary>
    public Entry? DecideDue(DateTimeOffset now)
    {
        if (_grants.NextDue() is not { } due || due.At > now)
        {
            return null;
        }

        return due.Grant.Status == GrantStatus.Pending ? Activated(due.Grant, Now(due.At)) : Expired(due.Grant, Now(due.At));
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

    private GrantExpired Expired(Grant grant, DateTimeOffset at) => new()
    {
        Sequence = Sequence + 1,
        At = at,
        Balance = Balance - grant.Remaining,
        Available = Available - grant.Remaining,
        Grant = grant.Id,
        Forfeited = grant.Remaining,
    };
}
