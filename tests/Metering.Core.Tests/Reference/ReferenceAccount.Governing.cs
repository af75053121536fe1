using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Grants;
using Metering.Core.Policies;

namespace Metering.Core.Tests.Reference;

internal sealed class ReferenceBudget(BudgetTerms terms, Func<DateTimeOffset, DateTimeOffset> period)
{
    internal BudgetTerms Terms { get; set; } = terms;

    /// <summary>The entry that made it count what it counts.</summary>
    internal long Since { get; set; }

    /// <summary>Credits by counter and start of window.</summary>
    internal Dictionary<(string Counter, DateTimeOffset Window), decimal> Spent { get; } = [];

    internal HashSet<(string Counter, DateTimeOffset Window, int Threshold)> Crossed { get; } = [];

    internal DateTimeOffset WindowOf(DateTimeOffset at) => Terms.Window switch
    {
        BudgetWindow.Hour => new(at.UtcDateTime.Date.AddHours(at.UtcDateTime.Hour), TimeSpan.Zero),
        BudgetWindow.Day => new(at.UtcDateTime.Date, TimeSpan.Zero),
        BudgetWindow.Week => new(at.UtcDateTime.Date.AddDays(-(((int)at.UtcDateTime.DayOfWeek + 6) % 7)), TimeSpan.Zero),
        BudgetWindow.Month => ReferencePrices.MonthOf(at),
        BudgetWindow.Period => period(at),
        BudgetWindow.Total => DateTimeOffset.MinValue,
    };

    internal void BeginAnew(long since)
    {
        Since = since;
        Spent.Clear();
        Crossed.Clear();
    }

    internal string? CounterOf(ChargeLine? usage)
    {
        var values = new List<string>();
        foreach (var scope in Terms.Dimensions)
        {
            var value = (usage?.Dimensions ?? []).FirstOrDefault(dimension => dimension.Name == scope.Name).Value;
            if (value is null || (scope.Value != "*" && scope.Value != value))
            {
                return null;
            }

            if (scope.Value == "*")
            {
                values.Add(value);
            }
        }

        return Terms.Meters.Fit(usage?.Meter ?? "") ? string.Join(" ", values) : null;
    }
}

internal sealed partial class ReferenceAccount
{
    private readonly Dictionary<string, (decimal Left, DateTimeOffset At)> _buckets = [];

    internal List<ReferenceBudget> Budgets { get; } = [];
    internal PolicyTerms Policy { get; private set; } = PolicyTerms.None;
    internal Dictionary<PolicyRule, long> Shadowed { get; } = [];

    internal Outcome Put(BudgetTerms terms, DateTimeOffset now)
    {
        if (IsClosed)
        {
            return Outcome.AccountClosed;
        }

        var existing = Budgets.Find(budget => budget.Terms.Id == terms.Id);
        if (existing?.Terms.SaysTheSameAs(terms) == true)
        {
            return Outcome.Done;
        }

        if (existing is null)
        {
            Budgets.Add(new ReferenceBudget(terms, PeriodOf) { Since = Sequence + 1 });
        }
        else
        {
            if (!existing.Terms.CountsLike(terms))
            {
                existing.BeginAnew(Sequence + 1);
            }

            existing.Terms = terms;
            Uncross(existing);
        }

        Entered(now);
        return Outcome.Done;
    }

    internal Outcome RemoveBudget(string id, DateTimeOffset now)
    {
        if (IsClosed)
        {
            return Outcome.AccountClosed;
        }

        if (Budgets.RemoveAll(budget => budget.Terms.Id == id) == 0)
        {
            return Outcome.BudgetNotFound;
        }

        Entered(now);
        return Outcome.Done;
    }

    internal Outcome Put(PolicyTerms terms, DateTimeOffset now)
    {
        if (IsClosed)
        {
            return Outcome.AccountClosed;
        }

        if (Policy.SaysTheSameAs(terms))
        {
            return Outcome.Done;
        }

        // What was used stays used: a changed limit has its new burst less what the old one lacked.
        var kept = new Dictionary<string, (decimal Left, DateTimeOffset At)>();
        foreach (var limit in terms.RateLimits)
        {
            var old = Policy.RateLimits.FirstOrDefault(candidate => candidate.Meter == limit.Meter);
            var used = old is null ? 0m : old.Burst.Value - RateLeft(old, now);
            kept[limit.Meter] = (Math.Max(0m, limit.Burst.Value - used), now);
        }

        _buckets.Clear();
        foreach (var (meter, bucket) in kept)
        {
            _buckets[meter] = bucket;
        }

        Policy = terms;
        Entered(now);
        return Outcome.Done;
    }

    internal Outcome Close(DateTimeOffset now)
    {
        if (IsClosed)
        {
            return Outcome.Done;
        }

        if (Holds.Count > 0)
        {
            return Outcome.HoldsOpen;
        }

        IsClosed = true;
        Entered(now);
        return Outcome.Done;
    }

    internal decimal RateLeft(RateLimit limit, DateTimeOffset now)
    {
        var (left, at) = _buckets[limit.Meter];
        var refilled = (decimal)(now - at).Ticks * limit.Quantity.Value / limit.PerSeconds / TimeSpan.TicksPerSecond;
        return Math.Min(limit.Burst.Value, left + decimal.Round(refilled, 9, MidpointRounding.ToZero));
    }

    internal decimal HeldUnder(ReferenceBudget budget, string counter) =>
        Holds.Where(hold => budget.CounterOf(hold.Usage) == counter).Sum(hold => hold.Left);

    private void CheckUsage(IReadOnlyList<ChargeLine> lines, List<Outcome> broken, List<PolicyRule> shadowed)
    {
        void Check(bool isBroken, PolicyRule rule, Outcome outcome) => Break(isBroken, rule, outcome, broken, shadowed);
        Check(Policy.Frozen, PolicyRule.Frozen, Outcome.AccountFrozen);
        Check(lines.Any(line => !Policy.Allowed.Fit(line.Meter)), PolicyRule.AllowedMeters, Outcome.MeterNotAllowed);
        Check(lines.Any(line => !Policy.Blocked.IsAll && Policy.Blocked.Fit(line.Meter)), PolicyRule.BlockedMeters, Outcome.MeterNotAllowed);
        Check(
            lines.Any(line => Policy.RequiredDimensions.Any(required => !line.Dimensions.Any(dimension => dimension.Name == required))),
            PolicyRule.RequiredDimensions,
            Outcome.DimensionRequired);
    }

    private void CheckCredits(decimal credits, List<Outcome> broken, List<PolicyRule> shadowed) =>
        Break(credits > Policy.MaximumCreditsPerCharge?.Value, PolicyRule.MaximumCreditsPerCharge, Outcome.ChargeTooLarge, broken, shadowed);

    private void CheckRates(IReadOnlyList<ChargeLine> lines, DateTimeOffset now, List<Outcome> broken, List<PolicyRule> shadowed) =>
        Break(Policy.RateLimits.Any(limit => Counted(limit, lines) > RateLeft(limit, now)), PolicyRule.RateLimits, Outcome.RateLimited, broken, shadowed);

    private void Break(bool isBroken, PolicyRule rule, Outcome outcome, List<Outcome> broken, List<PolicyRule> shadowed)
    {
        if (isBroken && Policy.Shadow.Contains(rule))
        {
            shadowed.Add(rule);
        }
        else if (isBroken && !broken.Contains(outcome))
        {
            broken.Add(outcome);
        }
    }

    /// <summary>What went through counts, whether a rule was shadowed, passed or kept.</summary>
    private void Drain(IReadOnlyList<ChargeLine> lines, List<PolicyRule> shadowed, DateTimeOffset now)
    {
        foreach (var rule in shadowed)
        {
            Shadowed[rule] = Shadowed.GetValueOrDefault(rule) + 1;
        }

        foreach (var limit in Policy.RateLimits.Where(limit => Counted(limit, lines) > 0m))
        {
            _buckets[limit.Meter] = (Math.Max(0m, RateLeft(limit, now) - Counted(limit, lines)), now);
        }
    }

    private static decimal Counted(RateLimit limit, IReadOnlyList<ChargeLine> lines) =>
        lines.Where(line => MeterPatterns.From([limit.Meter]).Fit(line.Meter)).Sum(line => line.Quantity.Value);

    /// <summary>What every blocking budget still lets usage take, after other lines of the same charge.</summary>
    private decimal BudgetRoomFor(ChargeLine? usage, List<ReferenceLine> before, ReferenceHold? settling, DateTimeOffset now) =>
        Budgets.Where(budget => budget.Terms.Action == BudgetAction.Block && budget.CounterOf(usage) is not null)
            .Select(budget => budget.Terms.Limit.Value - HeldUnder(budget, budget.CounterOf(usage)!) + (settling?.Left ?? 0m)
                - budget.Spent.GetValueOrDefault((budget.CounterOf(usage)!, budget.WindowOf(now)))
                - before.Where(line => budget.CounterOf(line.Usage) == budget.CounterOf(usage)).Sum(line => line.Credits))
            .DefaultIfEmpty(decimal.MaxValue).Min();

    private string Spend(List<ReferenceLine> lines, DateTimeOffset now)
    {
        var crossed = new List<string>();
        foreach (var budget in Budgets)
        {
            foreach (var group in lines.Where(line => CounterOf(budget, line) is not null).GroupBy(line => CounterOf(budget, line)!))
            {
                var counter = (group.Key, budget.WindowOf(now));
                var credits = group.Sum(line => line.Credits);
                budget.Spent[counter] = Math.Max(0m, budget.Spent.GetValueOrDefault(counter) + credits);
                foreach (var threshold in budget.Terms.Thresholds)
                {
                    if (credits > 0m && budget.Spent[counter] >= budget.Terms.Limit.Value * threshold / 100m && budget.Crossed.Add((counter.Key, counter.Item2, threshold)))
                    {
                        crossed.Add($"{budget.Terms.Id}:{threshold}");
                        Entered(now);
                    }
                }
            }

            Uncross(budget);
        }

        return string.Join(" ", crossed.Order(StringComparer.Ordinal));
    }

    /// <summary>Only budgets that counted the charge, in the window they counted it in.</summary>
    private void Unspend(ReferencePaid charge, List<ReferenceLine> lines, DateTimeOffset now)
    {
        foreach (var budget in Budgets.Where(budget => budget.Since < charge.Sequence && budget.WindowOf(charge.At) == budget.WindowOf(now)))
        {
            foreach (var group in lines.Where(line => CounterOf(budget, line) is not null).GroupBy(line => CounterOf(budget, line)!))
            {
                var counter = (group.Key, budget.WindowOf(now));
                budget.Spent[counter] = Math.Max(0m, budget.Spent.GetValueOrDefault(counter) - group.Sum(line => line.Credits));
            }

            Uncross(budget);
        }
    }

    private static void Uncross(ReferenceBudget budget) => budget.Crossed.RemoveWhere(crossed =>
        !budget.Terms.Thresholds.Contains(crossed.Threshold)
        || budget.Spent.GetValueOrDefault((crossed.Counter, crossed.Window)) < budget.Terms.Limit.Value * crossed.Threshold / 100m);

    private static string? CounterOf(ReferenceBudget budget, ReferenceLine line) => budget.CounterOf(line.Usage);
}
