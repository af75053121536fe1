namespace Metering.Client.Wire;

/// <summary>Budgets and policies to and from their messages.</summary>
internal static class GovernanceMessages
{
    public static V1.PutBudgetRequest ToWire(string account, string id, Budget budget)
    {
        var wire = new V1.PutBudgetRequest
        {
            Account = account,
            Budget = id,
            Scope = new V1.BudgetScope(),
            Window = budget.Window switch
            {
                BudgetWindow.Hour => V1.BudgetWindow.Hour,
                BudgetWindow.Day => V1.BudgetWindow.Day,
                BudgetWindow.Week => V1.BudgetWindow.Week,
                BudgetWindow.Month => V1.BudgetWindow.Month,
                BudgetWindow.Period => V1.BudgetWindow.Period,
                BudgetWindow.Total => V1.BudgetWindow.Total,
            },
            Limit = WireValues.ToWire(budget.Limit),
            Action = budget.Action switch
            {
                BudgetAction.Alert => V1.BudgetAction.Alert,
                BudgetAction.Block => V1.BudgetAction.Block,
            },
        };
        wire.Scope.Meters.Add(budget.Meters);
        WireValues.Add(wire.Scope.Dimensions, budget.Dimensions);
        wire.Thresholds.Add(budget.Thresholds);
        return wire;
    }

    public static V1.PolicySettings ToWire(Policy policy)
    {
        var wire = new V1.PolicySettings
        {
            MaximumCreditsPerCharge = WireValues.ToWireIfAny(policy.MaximumCreditsPerCharge),
            Frozen = policy.Frozen,
        };
        wire.AllowedMeters.Add(policy.AllowedMeters);
        wire.BlockedMeters.Add(policy.BlockedMeters);
        wire.RequiredDimensions.Add(policy.RequiredDimensions);
        wire.RateLimits.Add(policy.RateLimits.Select(static limit => new V1.RateLimit
        {
            Meter = limit.Meter,
            Quantity = WireValues.ToWire(limit.Quantity),
            PerSeconds = limit.PerSeconds,
            Burst = WireValues.ToWireIfAny(limit.Burst),
        }));
        wire.Shadow.Add(policy.Shadow.Select(ToWire));
        return wire;
    }

    public static BudgetState FromWire(V1.Budget wire) => new()
    {
        Id = wire.Id,
        Budget = new Budget
        {
            Meters = [.. wire.Scope.Meters],
            Dimensions = WireValues.FromWire(wire.Scope.Dimensions),
            Window = wire.Window switch
            {
                V1.BudgetWindow.Hour => BudgetWindow.Hour,
                V1.BudgetWindow.Day => BudgetWindow.Day,
                V1.BudgetWindow.Week => BudgetWindow.Week,
                V1.BudgetWindow.Month => BudgetWindow.Month,
                V1.BudgetWindow.Period => BudgetWindow.Period,
                V1.BudgetWindow.Total => BudgetWindow.Total,
                _ => throw WireValues.Unknown(wire.Window),
            },
            Limit = WireValues.FromWire(wire.Limit),
            Thresholds = [.. wire.Thresholds],
            Action = wire.Action switch
            {
                V1.BudgetAction.Alert => BudgetAction.Alert,
                V1.BudgetAction.Block => BudgetAction.Block,
                _ => throw WireValues.Unknown(wire.Action),
            },
        },
        Counters =
        [
            .. wire.Counters.Select(static counter => new BudgetCounter
            {
                Values = WireValues.FromWire(counter.Values),
                WindowStart = WireValues.FromWire(counter.WindowStart),
                Spent = WireValues.FromWire(counter.Spent),
                Held = WireValues.FromWire(counter.Held),
                Crossed = [.. counter.Crossed],
            }),
        ],
        Warnings = ChargeMessages.FromWire(wire.Warnings),
    };

    public static PolicyState FromWire(V1.Policy wire) => new()
    {
        Policy = new Policy
        {
            AllowedMeters = [.. wire.Settings.AllowedMeters],
            BlockedMeters = [.. wire.Settings.BlockedMeters],
            RequiredDimensions = [.. wire.Settings.RequiredDimensions],
            MaximumCreditsPerCharge = WireValues.FromWireIfAny(wire.Settings.MaximumCreditsPerCharge),
            RateLimits =
            [
                .. wire.Settings.RateLimits.Select(static limit =>
                    new RateLimit(limit.Meter, WireValues.FromWire(limit.Quantity), limit.PerSeconds, WireValues.FromWire(limit.Burst))),
            ],
            Frozen = wire.Settings.Frozen,
            Shadow = [.. wire.Settings.Shadow.Select(FromWire)],
        },
        Shadowed = wire.Shadowed.ToDictionary(static shadowed => FromWire(shadowed.Rule), static shadowed => shadowed.Count),
        RateLimitsLeft = [.. wire.RateLimitsLeft.Select(static left => WireValues.FromWire(left))],
        Warnings = ChargeMessages.FromWire(wire.Warnings),
    };

    private static V1.PolicyRule ToWire(PolicyRule rule) => rule switch
    {
        PolicyRule.AllowedMeters => V1.PolicyRule.AllowedMeters,
        PolicyRule.BlockedMeters => V1.PolicyRule.BlockedMeters,
        PolicyRule.RequiredDimensions => V1.PolicyRule.RequiredDimensions,
        PolicyRule.MaximumCreditsPerCharge => V1.PolicyRule.MaximumCreditsPerCharge,
        PolicyRule.RateLimits => V1.PolicyRule.RateLimits,
        PolicyRule.Frozen => V1.PolicyRule.Frozen,
    };

    private static PolicyRule FromWire(V1.PolicyRule rule) => rule switch
    {
        V1.PolicyRule.AllowedMeters => PolicyRule.AllowedMeters,
        V1.PolicyRule.BlockedMeters => PolicyRule.BlockedMeters,
        V1.PolicyRule.RequiredDimensions => PolicyRule.RequiredDimensions,
        V1.PolicyRule.MaximumCreditsPerCharge => PolicyRule.MaximumCreditsPerCharge,
        V1.PolicyRule.RateLimits => PolicyRule.RateLimits,
        V1.PolicyRule.Frozen => PolicyRule.Frozen,
        _ => throw WireValues.Unknown(rule),
    };
}
