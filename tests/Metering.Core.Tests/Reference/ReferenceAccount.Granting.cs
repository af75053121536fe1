using Metering.Core.Grants;

namespace Metering.Core.Tests.Reference;

internal sealed class ReferenceGrant(GrantTerms terms, DateTimeOffset addedAt, long sequence)
{
    internal GrantTerms Terms { get; } = terms;
    internal string Id => Terms.Id;
    internal DateTimeOffset AddedAt { get; } = addedAt;
    internal long Sequence { get; } = sequence;
    internal DateTimeOffset EffectiveAt { get; } = terms.EffectiveAt ?? addedAt;
    internal DateTimeOffset? ExpiresAt => Terms.ExpiresAt;
    internal GrantStatus Status { get; set; }
    internal decimal Remaining { get; set; } = terms.Amount.Value;

    /// <summary>What it had when it was last full: credits never return beyond it.</summary>
    internal decimal Had { get; set; } = terms.Amount.Value;

    internal DateTimeOffset? NextRefillAt { get; set; }

    /// <summary>Since when nothing can come of it any more.</summary>
    internal DateTimeOffset? EndedAt { get; set; }
}

internal sealed partial class ReferenceAccount
{
    internal const int MaxGrants = 8;

    internal List<ReferenceGrant> Grants { get; } = [];

    private IEnumerable<ReferenceGrant> Active => Grants.Where(grant => grant.Status == GrantStatus.Active);

    private IEnumerable<ReferenceGrant> BurnOrder => Active
        .OrderBy(grant => grant.Terms.Priority)
        .ThenBy(grant => grant.ExpiresAt ?? DateTimeOffset.MaxValue)
        .ThenBy(grant => grant.EffectiveAt)
        .ThenBy(grant => grant.AddedAt)
        .ThenBy(grant => grant.Id, StringComparer.Ordinal);

    internal Outcome Grant(GrantTerms terms, DateTimeOffset now)
    {
        if (Grants.Find(grant => grant.Id == terms.Id) is { } existing)
        {
            return existing.Terms == terms ? Outcome.Done : Outcome.IdReused;
        }

        if (IsClosed)
        {
            return Outcome.AccountClosed;
        }

        if (terms.ExpiresAt <= now)
        {
            return Outcome.ExpiresInPast;
        }

        if (Grants.Count >= MaxGrants && Grants.RemoveAll(grant => grant.EndedAt <= now - IdWindow) == 0)
        {
            return Outcome.TooManyGrants;
        }

        var grant = new ReferenceGrant(terms, now, Sequence + 1) { Status = GrantStatus.Pending };
        Grants.Add(grant);
        if (grant.EffectiveAt <= now)
        {
            Activate(grant);
        }

        Entered(now);
        return Outcome.Done;
    }

    internal Outcome Void(string id, DateTimeOffset now)
    {
        if (Grants.Find(grant => grant.Id == id) is not { } grant)
        {
            return Outcome.GrantNotFound;
        }

        if (grant.Status == GrantStatus.Voided)
        {
            return Outcome.Done;
        }

        if (IsClosed)
        {
            return Outcome.AccountClosed;
        }

        End(grant, GrantStatus.Voided);
        Entered(now);
        return Outcome.Done;
    }

    private static void End(ReferenceGrant grant, GrantStatus status)
    {
        grant.Status = status;
        grant.Remaining = 0m;
        grant.NextRefillAt = null;
        grant.EndedAt = null;
    }

    private void Activate(ReferenceGrant grant)
    {
        grant.Status = GrantStatus.Active;
        grant.NextRefillAt = NextRefill(grant, grant.EffectiveAt);
        PayOverage(grant);
    }

    private void Refill(ReferenceGrant grant)
    {
        var recurrence = grant.Terms.Recurrence!;
        var rollover = Math.Max(recurrence.RolloverMinimum.Value, Math.Min(recurrence.RolloverMaximum.Value, grant.Remaining));
        grant.Remaining = grant.Had = grant.Terms.Amount.Value + rollover;
        grant.NextRefillAt = NextRefill(grant, grant.NextRefillAt!.Value);
        PayOverage(grant);
    }

    private void PayOverage(ReferenceGrant grant)
    {
        var paid = Math.Min(Overage, grant.Remaining);
        Overage -= paid;
        grant.Remaining -= paid;
    }

    private static DateTimeOffset? NextRefill(ReferenceGrant grant, DateTimeOffset after)
    {
        if (grant.Terms.Recurrence is not { } recurrence)
        {
            return null;
        }

        var next = ReferencePrices.After(recurrence.Every, recurrence.Count, recurrence.Anchor ?? grant.EffectiveAt, after);
        return next < (grant.ExpiresAt ?? DateTimeOffset.MaxValue) ? next : null;
    }
}
