using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a budget must look like. Its own name stands in the address, and is checked there.</summary>
internal static class BudgetRules
{
    public static void Check(BudgetRequest budget, Faults faults)
    {
        faults.Enter("scope");
        Shape.Patterns(faults, "meters", budget.Meters);
        Shape.Dimensions(faults, "dimensions", budget.Dimensions);
        faults.Leave();
        Shape.AmountAboveZero(faults, "limit", budget.Limit);
        Shape.Count(faults, "thresholds", budget.Thresholds.Count, 0, Limits.MaxThresholds);
        faults.Enter("thresholds");
        for (var i = 0; i < Math.Min(budget.Thresholds.Count, Limits.MaxThresholds); i++)
        {
            faults.Enter(i);
            Threshold(budget.Thresholds, i, faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void Threshold(IReadOnlyList<int> thresholds, int i, Faults faults)
    {
        if (thresholds[i] is < 1 or > Limits.MaxThreshold)
        {
            faults.AddHere(FaultCodes.OutOfRange, $"It must be from 1 to {Limits.MaxThreshold}.");
        }
        else if (i > 0 && thresholds[i] <= thresholds[i - 1])
        {
            faults.AddHere(FaultCodes.NotRising, "It must be above the one before it.");
        }
    }
}
