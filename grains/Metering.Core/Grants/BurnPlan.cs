using Metering.Core.Entries;

namespace Metering.Core.Grants;

/// <summary>
/// Who pays for a charge, worked out line by line over the account's grants without changing them: earlier lines' burns count for
/// later lines.
/// </summary>
internal sealed class BurnPlan(GrantBook grants, Credits overage)
{
    private readonly List<Burn> _burns = new(1);

    internal IReadOnlyList<Burn> Burns => _burns;

    /// <summary>What no grant covered, less overage that returned credits paid back.</summary>
    internal Credits OverageAdded { get; private set; }

    /// <summary>Credits to return that fit into no active grant.</summary>
    internal Credits Unreturned { get; private set; }

    /// <summary>What active grants would still hold that pay for a meter.</summary>
    internal Credits RemainingFor(string meter)
    {
        var remaining = grants.RemainingFor(meter);
        foreach (var burn in _burns)
        {
            if (Fits(burn.Grant, meter))
            {
                remaining -= burn.Credits;
            }
        }

        return remaining;
    }

    /// <summary>Takes credits from the grants that pay for a meter, in burn order; the rest is overage.</summary>
    internal void Take(Credits credits, string meter)
    {
        foreach (var grant in TouchedOrBurnable())
        {
            if (credits.IsZero)
            {
                return;
            }

            var left = grant.Remaining - Planned(grant.Id);
            if (left.IsPositive && grant.Terms.Meters.Fit(meter))
            {
                var taken = Credits.Min(left, credits);
                Plan(grant.Id, taken);
                credits -= taken;
            }
        }

        OverageAdded += credits;
    }

    /// <summary>
    /// Returns credits in reverse burn order: overage was taken last, so it is paid back first; then each grant, never above what was taken from it.
    /// </summary>
    internal void Return(Credits credits, string meter)
    {
        var owed = Credits.Min(overage + OverageAdded, credits);
        OverageAdded -= owed;
        credits -= owed;
        for (var i = grants.Active.Count - 1; i >= 0 && !credits.IsZero; i--)
        {
            var grant = grants.Active[i];
            var room = grant.Taken + Planned(grant.Id);
            if (room.IsPositive && grant.Terms.Meters.Fit(meter))
            {
                var returned = Credits.Min(room, credits);
                Plan(grant.Id, -returned);
                credits -= returned;
            }
        }

        Unreturned += credits;
    }

    // A grant that was spent before this charge may have been given something by one of its lines: then it can burn again.
    private IEnumerable<Grant> TouchedOrBurnable() => _burns.Exists(burn => burn.Credits.IsNegative) ? grants.Active : grants.Burnable;

    private bool Fits(string grant, string meter) => grants.Find(grant)!.Terms.Meters.Fit(meter);

    private Credits Planned(string grant)
    {
        foreach (var burn in _burns)
        {
            if (burn.Grant == grant)
            {
                return burn.Credits;
            }
        }

        return Credits.Zero;
    }

    private void Plan(string grant, Credits credits)
    {
        var index = _burns.FindIndex(burn => burn.Grant == grant);
        if (index < 0)
        {
            _burns.Add(new Burn(grant, credits));
            return;
        }

        var sum = _burns[index].Credits + credits;
        if (sum.IsZero)
        {
            // One line gave back what another took: the grant has no part in the charge.
            _burns.RemoveAt(index);
        }
        else
        {
            _burns[index] = new Burn(grant, sum);
        }
    }
}
