using Metering.Contracts;
using Metering.Core;
using Metering.Core.Budgets;
using Metering.Core.Grants;
using Metering.Core.Policies;
using BudgetAction = Metering.Core.Budgets.BudgetAction;
using BudgetWindow = Metering.Core.Budgets.BudgetWindow;
using PolicyRule = Metering.Core.Policies.PolicyRule;
using RateLimit = Metering.Core.Policies.RateLimit;

namespace Metering.Grains.Accounts;

/// <summary>Between messages and the core's types, for budgets and policies.</summary>
internal static class GovernanceMapping
{
    internal static BudgetTerms Budget(BudgetRequest request) => new()
    {
        Id = request.Id,
        Meters = MeterPatterns.From(request.Meters),
        Dimensions = [.. request.Dimensions.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new Dimension(pair.Key, pair.Value))],
        Window = (BudgetWindow)request.Window,
        Limit = Credits.From(request.Limit),
        Thresholds = [.. request.Thresholds.Distinct().Order()],
        Action = (BudgetAction)request.Action,
    };

    internal static BudgetView View(Budget budget, DateTimeOffset now, Core.Pricing.Period accountPeriod)
    {
        var terms = budget.Terms;
        var window = terms.WindowOf(now, accountPeriod);
        DateTimeOffset? shownWindow = terms.Window == BudgetWindow.Total ? null : window;
        var counters = budget.Counters
            .Select(pair => new BudgetCounterView(
                terms.ValuesOf(pair.Key).ToDictionary(value => value.Name, value => value.Value, StringComparer.Ordinal),
                shownWindow,
                budget.SpentIn(pair.Key, window).Value,
                pair.Value.Held.Value,
                window == budget.Window ? [.. pair.Value.Crossed] : []))
            .OrderByDescending(counter => counter.Spent)
            .Take(BudgetView.MaxCountersShown)
            .ToList();
        return new BudgetView
        {
            Budget = new BudgetRequest
            {
                Id = terms.Id,
                Meters = terms.Meters.Patterns,
                Dimensions = terms.Dimensions.ToDictionary(dimension => dimension.Name, dimension => dimension.Value, StringComparer.Ordinal),
                Window = (Contracts.BudgetWindow)terms.Window,
                Limit = terms.Limit.Value,
                Thresholds = terms.Thresholds,
                Action = (Contracts.BudgetAction)terms.Action,
            },
            Counters = counters,
        };
    }

    internal static PolicyTerms Policy(PolicyRequest request) => new()
    {
        Allowed = MeterPatterns.From(request.AllowedMeters),
        Blocked = MeterPatterns.From(request.BlockedMeters),
        RequiredDimensions = [.. request.RequiredDimensions],
        MaximumCreditsPerCharge = request.MaximumCreditsPerCharge is { } maximum ? Credits.From(maximum) : null,
        RateLimits = [.. request.RateLimits.Select(limit => new RateLimit(limit.Meter, Quantity.From(limit.Quantity), limit.PerSeconds, Quantity.From(limit.Burst)))],
        Frozen = request.Frozen,
        Shadow = [.. request.Shadow.Distinct().Order().Select(rule => (PolicyRule)rule)],
    };

    internal static PolicyView View(Policy policy, DateTimeOffset now) => new()
    {
        Policy = new PolicyRequest
        {
            AllowedMeters = policy.Terms.Allowed.Patterns,
            BlockedMeters = policy.Terms.Blocked.Patterns,
            RequiredDimensions = policy.Terms.RequiredDimensions,
            MaximumCreditsPerCharge = policy.Terms.MaximumCreditsPerCharge?.Value,
            RateLimits = [.. policy.Terms.RateLimits.Select(limit => new Contracts.RateLimit(limit.Meter, limit.Quantity.Value, limit.PerSeconds, limit.Burst.Value))],
            Frozen = policy.Terms.Frozen,
            Shadow = [.. policy.Terms.Shadow.Select(rule => (Contracts.PolicyRule)rule)],
        },
        Shadowed = policy.Shadowed.ToDictionary(pair => (Contracts.PolicyRule)pair.Key, pair => pair.Value),
        RateLimitsLeft = [.. policy.LeftAt(now).Select(left => left.Value)],
    };
}
