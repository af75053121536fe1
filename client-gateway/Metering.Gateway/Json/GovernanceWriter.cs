using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Budgets and policies, with what they have counted.</summary>
internal static class GovernanceWriter
{
    /// <summary>In a scope: any value, each counted on its own.</summary>
    private const string AnyValue = "*";

    public static void Write(Utf8JsonWriter json, BudgetView view) => Write(json, new Warned<BudgetView>(view, []));

    public static void Write(Utf8JsonWriter json, Warned<BudgetView> warned)
    {
        var view = warned.Reply;
        var budget = view.Budget;
        json.WriteStartObject();
        WriteTerms(json, budget);

        // With one counter there is one answer to how much was spent, and nobody should have to look for it.
        if (!budget.Dimensions.Values.Contains(AnyValue, StringComparer.Ordinal))
        {
            var only = view.Counters.Count > 0 ? view.Counters[0] : null;
            json.WriteAmount("spent"u8, only?.Spent ?? 0m);
            WriteNumbers(json, "crossed"u8, only?.Crossed ?? []);
        }

        json.WriteStartArray("counters"u8);
        foreach (var counter in view.Counters)
        {
            json.WriteStartObject();
            json.WritePairsIfAny("values"u8, counter.Values);
            json.WriteInstantIfAny("windowStart"u8, counter.WindowStart);
            json.WriteAmount("spent"u8, counter.Spent);
            json.WriteAmount("held"u8, counter.Held);
            WriteNumbers(json, "crossed"u8, counter.Crossed);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteTextsIfAny("warnings"u8, warned.Warnings);
        json.WriteEndObject();
    }

    /// <summary>The fields that a budget was set to, within an object.</summary>
    public static void WriteTerms(Utf8JsonWriter json, BudgetRequest budget)
    {
        json.WriteString("id"u8, budget.Id);
        json.WriteStartObject("scope"u8);
        json.WriteTextsIfAny("meters"u8, budget.Meters);
        json.WritePairsIfAny("dimensions"u8, budget.Dimensions);
        json.WriteEndObject();
        json.WriteString("window"u8, WireNames.Of(budget.Window));
        json.WriteAmount("limit"u8, budget.Limit);
        WriteNumbers(json, "thresholds"u8, budget.Thresholds);
        json.WriteString("action"u8, WireNames.Of(budget.Action));
    }

    public static void Write(Utf8JsonWriter json, PolicyView view) => Write(json, new Warned<PolicyView>(view, []));

    public static void Write(Utf8JsonWriter json, Warned<PolicyView> warned)
    {
        var view = warned.Reply;
        json.WriteStartObject();
        WriteTerms(json, view.Policy, view.RateLimitsLeft);
        json.WriteStartObject("shadowed"u8);
        foreach (var (rule, count) in view.Shadowed)
        {
            json.WriteNumber(WireNames.Of(rule), count);
        }

        json.WriteEndObject();
        json.WriteTextsIfAny("warnings"u8, warned.Warnings);
        json.WriteEndObject();
    }

    /// <summary>The fields that a policy was set to, within an object.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="left">What each rate limit lets through now; empty to leave that out.</param>
    public static void WriteTerms(Utf8JsonWriter json, PolicyRequest policy, IReadOnlyList<decimal> left)
    {
        json.WriteTexts("allowedMeters"u8, policy.AllowedMeters);
        json.WriteTexts("blockedMeters"u8, policy.BlockedMeters);
        json.WriteTexts("requiredDimensions"u8, policy.RequiredDimensions);
        json.WriteAmountIfAny("maximumCreditsPerCharge"u8, policy.MaximumCreditsPerCharge);
        json.WriteStartArray("rateLimits"u8);
        for (var i = 0; i < policy.RateLimits.Count; i++)
        {
            var limit = policy.RateLimits[i];
            json.WriteStartObject();
            json.WriteString("meter"u8, limit.Meter);
            json.WriteAmount("quantity"u8, limit.Quantity);
            json.WriteNumber("perSeconds"u8, limit.PerSeconds);
            json.WriteAmount("burst"u8, limit.Burst);
            json.WriteAmountIfAny("left"u8, i < left.Count ? left[i] : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("frozen"u8, policy.Frozen);
        json.WriteTexts("shadow"u8, [.. policy.Shadow.Select(WireNames.Of)]);
    }

    private static void WriteNumbers(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<int> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
