using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>Budgets and policies between their messages and the contracts.</summary>
internal static class GovernanceMessages
{
    public static BudgetRequest FromWire(V1.PutBudgetRequest wire, Faults faults)
    {
        var budget = new BudgetRequest
        {
            Id = wire.Budget,
            Meters = [.. wire.Scope?.Meters ?? []],
            Window = WireValues.Window(wire.Window, faults),
            Limit = WireValues.Required(wire.Limit, "limit", faults),
            Thresholds = [.. wire.Thresholds],
            Action = WireValues.Action(wire.Action, faults),
        };
        if (wire.Scope?.Dimensions.Count > 0)
        {
            budget = budget with { Dimensions = new Dictionary<string, string>(wire.Scope.Dimensions, StringComparer.Ordinal) };
        }

        BudgetRules.Check(budget, faults);
        return budget;
    }

    public static PolicyRequest FromWire(V1.PolicySettings? wire, Faults faults)
    {
        wire ??= new V1.PolicySettings();
        var policy = new PolicyRequest
        {
            AllowedMeters = [.. wire.AllowedMeters],
            BlockedMeters = [.. wire.BlockedMeters],
            RequiredDimensions = [.. wire.RequiredDimensions],
            MaximumCreditsPerCharge = WireValues.Amount(wire.MaximumCreditsPerCharge, "maximumCreditsPerCharge", faults),
            RateLimits = RateLimits(wire, faults),
            Frozen = wire.Frozen,
            Shadow = Shadow(wire, faults),
        };
        PolicyRules.Check(policy, faults);
        return policy;
    }

    public static V1.Budget ToWire(BudgetView budget)
    {
        var wire = new V1.Budget
        {
            Id = budget.Budget.Id,
            Scope = new V1.BudgetScope(),
            Window = budget.Budget.Window.ToWire(),
            Limit = budget.Budget.Limit.ToWire(),
            Action = budget.Budget.Action.ToWire(),
        };
        wire.Scope.Meters.Add(budget.Budget.Meters);
        wire.Scope.Dimensions.Add(budget.Budget.Dimensions.ToDictionary());
        wire.Thresholds.Add(budget.Budget.Thresholds);
        foreach (var counter in budget.Counters)
        {
            var wireCounter = new V1.BudgetCounter
            {
                WindowStart = counter.WindowStart.ToWireIfAny(),
                Spent = counter.Spent.ToWire(),
                Held = counter.Held.ToWire(),
            };
            wireCounter.Values.Add(counter.Values.ToDictionary());
            wireCounter.Crossed.Add(counter.Crossed);
            wire.Counters.Add(wireCounter);
        }

        return wire;
    }

    public static V1.Policy ToWire(PolicyView policy)
    {
        var wire = new V1.Policy { Settings = ToWire(policy.Policy) };
        wire.Shadowed.Add(policy.Shadowed.OrderBy(static shadowed => shadowed.Key)
            .Select(static shadowed => new V1.ShadowedRule { Rule = shadowed.Key.ToWire(), Count = shadowed.Value }));
        wire.RateLimitsLeft.Add(policy.RateLimitsLeft.Select(static left => left.ToWire()));
        return wire;
    }

    public static V1.Budget ToWire(Warned<BudgetView> warned)
    {
        var wire = ToWire(warned.Reply);
        wire.Warnings.Add(warned.Warnings);
        return wire;
    }

    public static V1.Policy ToWire(Warned<PolicyView> warned)
    {
        var wire = ToWire(warned.Reply);
        wire.Warnings.Add(warned.Warnings);
        return wire;
    }

    private static V1.PolicySettings ToWire(PolicyRequest policy)
    {
        var wire = new V1.PolicySettings
        {
            MaximumCreditsPerCharge = policy.MaximumCreditsPerCharge.ToWireIfAny(),
            Frozen = policy.Frozen,
        };
        wire.AllowedMeters.Add(policy.AllowedMeters);
        wire.BlockedMeters.Add(policy.BlockedMeters);
        wire.RequiredDimensions.Add(policy.RequiredDimensions);
        wire.RateLimits.Add(policy.RateLimits.Select(static limit => new V1.RateLimit
        {
            Meter = limit.Meter,
            Quantity = limit.Quantity.ToWire(),
            PerSeconds = limit.PerSeconds,
            Burst = limit.Burst.ToWire(),
        }));
        wire.Shadow.Add(policy.Shadow.Select(static rule => rule.ToWire()));
        return wire;
    }

    // Elements past the limit are not taken, but one, so that the count shows it.
    private static RateLimit[] RateLimits(V1.PolicySettings wire, Faults faults)
    {
        var limits = new RateLimit[Math.Min(wire.RateLimits.Count, Limits.MaxRateLimits + 1)];
        faults.Enter("rateLimits");
        for (var i = 0; i < limits.Length; i++)
        {
            faults.Enter(i);
            var limit = wire.RateLimits[i];
            var quantity = WireValues.Required(limit.Quantity, "quantity", faults);
            limits[i] = new RateLimit(limit.Meter, quantity, limit.PerSeconds, WireValues.Amount(limit.Burst, "burst", faults) ?? quantity);
            faults.Leave();
        }

        faults.Leave();
        return limits;
    }

    private static PolicyRule[] Shadow(V1.PolicySettings wire, Faults faults)
    {
        var rules = new PolicyRule[wire.Shadow.Count];
        faults.Enter("shadow");
        for (var i = 0; i < rules.Length; i++)
        {
            faults.Enter(i);
            rules[i] = WireValues.Rule(wire.Shadow[i], faults);
            faults.Leave();
        }

        faults.Leave();
        return rules;
    }
}
