using Metering.Core.Entries;

namespace Metering.Core.Grants;

/// <summary>
/// Who pays for a charge, worked out line by line over the account's grants without changing them: earlier lines' burns count for
/// later lines. A struct, to be passed by reference: a charge needs one and is done with it.
/// </summary>
internal struct BurnPlan(GrantBook grants, Credits overage)
{
    // Almost always one grant pays: then this array is what the entry keeps.
    private Burn[] _burns = new Burn[1];
    private int _count;

    internal readonly IReadOnlyList<Burn> Burns => _count == _burns.Length ? _burns : _burns[.._count];

    /// <summary>What no grant covered, less overage that returned credits paid back.</summary>
    internal Credits OverageAdded { get; private set; }

    /// <summary>Credits to return that fit into no active grant.</summary>
    internal Credits Unreturned { get; private set; }

    /// <summary>What active grants would still hold that pay for a meter.</summary>
    internal readonly Credits RemainingFor(string meter)
    {
        var remaining = grants.RemainingFor(meter);
        foreach (var burn in Planned())
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
        var burning = TouchedOrBurnable();
        for (var i = 0; i < burning.Count && !credits.IsZero; i++)
        {
            var grant = burning[i];
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

    /// <summary>
    /// Gives back what a charge had taken: each grant its share, as far as it has room; what was overage, and what no grant can take any more,
    /// comes back as <see cref="Unreturned"/>. As with all credits that arrive, overage is paid first: out of what had been overage, then out of
    /// the shares of the grants that burned last.
    /// </summary>
    internal void GiveBack(IReadOnlyList<Burn> shares, Credits other)
    {
        var owed = overage;
        var paid = Credits.Min(owed, other);
        OverageAdded -= paid;
        owed -= paid;
        Unreturned += other - paid;
        for (var i = shares.Count - 1; i >= 0; i--)
        {
            var share = shares[i].Credits;
            paid = Credits.Min(owed, share);
            OverageAdded -= paid;
            owed -= paid;
            share -= paid;
            var room = grants.Find(shares[i].Grant) is { Status: GrantStatus.Active } grant ? grant.Taken : Credits.Zero;
            var returned = Credits.Min(room, share);
            if (!returned.IsZero)
            {
                Plan(shares[i].Grant, -returned);
            }

            Unreturned += share - returned;
        }
    }

    // A grant that was spent before this charge may have been given something by one of its lines: then it can burn again.
    private readonly List<Grant> TouchedOrBurnable()
    {
        foreach (var burn in Planned())
        {
            if (burn.Credits.IsNegative)
            {
                return grants.Active;
            }
        }

        return grants.Burnable;
    }

    private readonly bool Fits(string grant, string meter) => grants.Find(grant)!.Terms.Meters.Fit(meter);

    private readonly ReadOnlySpan<Burn> Planned() => _burns.AsSpan(0, _count);

    private readonly Credits Planned(string grant) => IndexOf(grant) is >= 0 and var index ? _burns[index].Credits : Credits.Zero;

    private readonly int IndexOf(string grant)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_burns[i].Grant == grant)
            {
                return i;
            }
        }

        return -1;
    }

    private void Plan(string grant, Credits credits)
    {
        var index = IndexOf(grant);
        if (index < 0)
        {
            if (_count == _burns.Length)
            {
                Array.Resize(ref _burns, _count * 2);
            }

            _burns[_count++] = new Burn(grant, credits);
            return;
        }

        var sum = _burns[index].Credits + credits;
        if (sum.IsZero)
        {
            // One line gave back what another took: the grant has no part in the charge.
            _count--;
            Array.Copy(_burns, index + 1, _burns, index, _count - index);
        }
        else
        {
            _burns[index] = new Burn(grant, sum);
        }
    }
}
