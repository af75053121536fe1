using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Grants;
using Metering.Core.Pricing;

namespace Metering.Core.Tests.Reference;

/// <summary>
/// The credit model written down a second time, from its rules and as slowly as they read: facts are kept in lists and every question is answered
/// by going through them. What the product's account is compared with.
/// </summary>
internal sealed partial class ReferenceAccount
{
    internal const int MaxIds = 25;
    private static readonly TimeSpan IdWindow = TimeSpan.FromHours(24);

    private readonly List<Known> _known = [];
    private DateTimeOffset _lastAt;
    private DateTimeOffset _forgotten;
    private DateTimeOffset _now;
    private decimal _discount;
    private PeriodUnit _every;
    private DateTimeOffset _anchor;

    internal decimal CreditLimit { get; private set; }
    internal decimal Overage { get; set; }
    internal bool IsClosed { get; private set; }

    /// <summary>How many entries there are.</summary>
    internal long Sequence { get; private set; }

    internal decimal Held => Holds.Sum(hold => hold.Left);
    internal decimal Balance => Active.Sum(grant => grant.Remaining) - Overage;
    internal decimal Available => Balance + CreditLimit - Held;

    internal DateTimeOffset Now(DateTimeOffset clock) => clock > _lastAt ? clock : _lastAt;

    /// <summary>Whatever fell due up to now, the earliest first; at one instant holds end, then grants end, refill and begin.</summary>
    internal void Pass(DateTimeOffset now)
    {
        _now = now;
        while (!IsClosed)
        {
            var due = Holds.Select(hold => (At: hold.ExpiresAt, Turn: 0, Order: hold.Sequence, Act: (Action)(() => Ended(hold, Now(hold.ExpiresAt), expired: true))))
                .Concat(Grants.Where(grant => grant.Status == GrantStatus.Active && grant.ExpiresAt is not null)
                    .Select(grant => (At: grant.ExpiresAt!.Value, Turn: 1, Order: grant.Sequence, Act: (Action)(() => End(grant, GrantStatus.Expired)))))
                .Concat(Grants.Where(grant => grant.Status == GrantStatus.Active && grant.NextRefillAt is not null)
                    .Select(grant => (At: grant.NextRefillAt!.Value, Turn: 2, Order: grant.Sequence, Act: (Action)(() => Refill(grant)))))
                .Concat(Grants.Where(grant => grant.Status == GrantStatus.Pending)
                    .Select(grant => (At: grant.EffectiveAt, Turn: 3, Order: grant.Sequence, Act: (Action)(() => Activate(grant)))))
                .Where(due => due.At <= now)
                .OrderBy(due => due.At).ThenBy(due => due.Turn).ThenBy(due => due.Order)
                .ToList();
            if (due.Count == 0)
            {
                return;
            }

            due[0].Act();
            Entered(due[0].At);
        }
    }

    internal void Set(decimal creditLimit, decimal discount, PeriodUnit every, DateTimeOffset anchor, DateTimeOffset now)
    {
        if (IsClosed || (Sequence > 0 && (CreditLimit, _discount, _every, _anchor) == (creditLimit, discount, every, anchor)))
        {
            return;
        }

        if ((_every, _anchor) != (every, anchor))
        {
            // A budget over the account's period is another budget when that is another.
            foreach (var budget in Budgets.Where(budget => budget.Terms.Window == BudgetWindow.Period))
            {
                budget.BeginAnew(Sequence + 1);
            }
        }

        (CreditLimit, _discount, _every, _anchor) = (creditLimit, discount, every, anchor);
        Entered(now);
    }

    private DateTimeOffset PeriodOf(DateTimeOffset instant) => ReferencePrices.StartOf(_every, _anchor, instant);

    private void Entered(DateTimeOffset at)
    {
        Sequence++;
        _lastAt = Now(at);
        foreach (var grant in Grants)
        {
            var isOver = grant.Status is GrantStatus.Expired or GrantStatus.Voided;
            var isSpent = grant.Status == GrantStatus.Active && grant.Remaining == 0m && grant.NextRefillAt is null;
            grant.EndedAt = isOver || isSpent ? grant.EndedAt ?? _lastAt : null;
        }
    }

    /// <summary>An operation under an id ended: it is remembered for a day, and as long as not too many came after it.</summary>
    private ReferenceAnswer Remember(string id, object body, DateTimeOffset? time, DateTimeOffset now, ReferenceAnswer answer)
    {
        _known.Add(new Known(id, body, now, time, answer with { Replayed = true }));
        while (_known.Count > MaxIds || _known[0].At <= now - IdWindow)
        {
            // What was stamped and is forgotten could be stamped so again.
            _forgotten = _known[0].Time > _forgotten ? _known[0].Time!.Value : _forgotten;
            _known.RemoveAt(0);
        }

        return answer;
    }

    private ReferenceAnswer? Retried(string id, object body)
    {
        var known = _known.LastOrDefault(known => known.Id == id);
        return known is null ? null : known.Body.Equals(body) ? known.Answer : new ReferenceAnswer(Outcome.IdReused);
    }

    private sealed record Known(string Id, object Body, DateTimeOffset At, DateTimeOffset? Time, ReferenceAnswer Answer);
}

/// <summary>How an operation ended: credits are what was charged, held, released or given back.</summary>
internal sealed record ReferenceAnswer(Outcome Outcome, decimal Credits = 0m, decimal Uncovered = 0m, decimal Released = 0m)
{
    internal bool Replayed { get; init; }
    internal string Violations { get; init; } = "";
    internal string Crossed { get; init; } = "";
    internal string Burned { get; init; } = "";
}

/// <summary>What a charge or a settle took, kept to give back.</summary>
internal sealed class ReferencePaid
{
    internal required string Id { get; init; }
    internal required DateTimeOffset At { get; init; }
    internal required long Sequence { get; init; }
    internal required List<ReferenceLine> Lines { get; init; }

    /// <summary>By grant, in the order they were burned, then overage, then what became a refund; negative when returned.</summary>
    internal required List<(string Grant, decimal Credits)> Parts { get; init; }

    internal decimal Reversed { get; set; }
    internal bool ReversedWhole { get; set; }
    internal decimal Credits => Parts.Sum(part => part.Credits);
}

/// <param name="Usage">Null for credits that are for no meter in particular.</param>
/// <param name="PeriodStart">Null for what was settled as credits: it counts in no period.</param>
/// <param name="Credits">What was taken for it.</param>
internal sealed record ReferenceLine(ChargeLine? Usage, DateTimeOffset? PeriodStart, decimal Credits)
{
    internal decimal Quantity => PeriodStart is null ? 0m : Usage!.Quantity.Value;
}
