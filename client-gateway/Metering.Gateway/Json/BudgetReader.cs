using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Budgets. A budget's id stands in the address and is not in the body.</summary>
internal static class BudgetReader
{
    private static readonly FieldNames Fields = new("scope", "window", "limit", "thresholds", "action");
    private static readonly FieldNames ScopeFields = new("meters", "dimensions");

    public static BudgetRequest? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        BudgetWindow? window = null;
        decimal? limit = null;
        var budget = new BudgetRequest { Id = "", Window = BudgetWindow.Total, Limit = 1m };
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: budget = ReadScope(ref json, budget); break;
                case 1: window = json.Choice(WireNames.BudgetWindows, "window"); break;
                case 2: limit = json.Number("limit"); break;
                case 3: budget = budget with { Thresholds = ReadThresholds(ref json) }; break;
                default: budget = budget with { Action = json.Choice(WireNames.BudgetActions, "action") ?? budget.Action }; break;
            }
        }

        if (window is null)
        {
            json.Faults.Add("window", FaultCodes.Required, "It must be given.");
        }

        if (limit is null)
        {
            json.Faults.Add("limit", FaultCodes.Required, "It must be given.");
        }

        budget = budget with { Window = window ?? budget.Window, Limit = limit ?? budget.Limit };
        BudgetRules.Check(budget, json.Faults);
        return budget;
    }

    private static BudgetRequest ReadScope(ref JsonCursor json, BudgetRequest budget)
    {
        if (!json.IsObject("scope"))
        {
            return budget;
        }

        var seen = 0u;
        json.Faults.Enter("scope");
        while (json.NextField(ScopeFields, ref seen, out var field))
        {
            budget = field switch
            {
                0 => budget with { Meters = json.Texts("meters", Limits.MaxPatterns) ?? budget.Meters },
                _ => budget with { Dimensions = json.Pairs("dimensions", Limits.MaxDimensions) ?? budget.Dimensions },
            };
        }

        json.Faults.Leave();
        return budget;
    }

    /// <summary>What is no number has its fault, and leaves a 0 in its place that the next one is above.</summary>
    private static List<int> ReadThresholds(ref JsonCursor json) =>
        json.List("thresholds", Limits.MaxThresholds, static (ref JsonCursor json) => json.WholeNumberHere() ?? 0) ?? [];
}
