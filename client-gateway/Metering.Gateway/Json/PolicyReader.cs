using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

internal static class PolicyReader
{
    private static readonly FieldNames Fields = new(
        "allowedMeters", "blockedMeters", "requiredDimensions", "maximumCreditsPerCharge", "rateLimits", "frozen", "shadow");

    private static readonly FieldNames RateLimitFields = new("meter", "quantity", "perSeconds", "burst");

    private static readonly int MaxShadows = Enum.GetValues<PolicyRule>().Length;

    public static PolicyRequest? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var policy = new PolicyRequest();
        List<PolicyRule?>? shadow = null;
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: policy = policy with { AllowedMeters = json.Texts("allowedMeters", Limits.MaxPatterns) ?? [] }; break;
                case 1: policy = policy with { BlockedMeters = json.Texts("blockedMeters", Limits.MaxPatterns) ?? [] }; break;
                case 2: policy = policy with { RequiredDimensions = json.Texts("requiredDimensions", Limits.MaxDimensions) ?? [] }; break;
                case 3: policy = policy with { MaximumCreditsPerCharge = json.Number("maximumCreditsPerCharge") }; break;
                case 4: policy = policy with { RateLimits = json.List("rateLimits", Limits.MaxRateLimits, ReadRateLimit) ?? [] }; break;
                case 5: policy = policy with { Frozen = json.Flag("frozen") ?? false }; break;
                default:
                    shadow = json.List("shadow", MaxShadows, static (ref JsonCursor json) => json.ChoiceHere(WireNames.PolicyRules));
                    break;
            }
        }

        if (shadow is not null && !shadow.Contains(null))
        {
            policy = policy with { Shadow = [.. shadow.Select(rule => rule!.Value)] };
        }

        PolicyRules.Check(policy, json.Faults);
        return policy;
    }

    private static RateLimit ReadRateLimit(ref JsonCursor json)
    {
        string? meter = null;
        decimal? quantity = null, burst = null;
        int? perSeconds = null;
        var seen = 0u;
        if (json.IsObjectHere())
        {
            while (json.NextField(RateLimitFields, ref seen, out var field))
            {
                switch (field)
                {
                    case 0: meter = json.Text("meter"); break;
                    case 1: quantity = json.Number("quantity"); break;
                    case 2: perSeconds = json.WholeNumber("perSeconds"); break;
                    default: burst = json.Number("burst"); break;
                }
            }
        }

        if (quantity is null)
        {
            json.Faults.Add("quantity", FaultCodes.Required, "It must be given.");
        }

        if (perSeconds is null)
        {
            json.Faults.Add("perSeconds", FaultCodes.Required, "It must be given.");
        }

        return new RateLimit(meter ?? "", quantity ?? 1m, perSeconds ?? 1, burst ?? quantity ?? 1m);
    }
}
