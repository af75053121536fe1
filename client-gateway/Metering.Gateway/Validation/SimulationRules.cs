using Metering.Contracts;
using Metering.Gateway.Json;

namespace Metering.Gateway.Validation;

/// <summary>Which usage may be priced again.</summary>
internal static class SimulationRules
{
    /// <summary>Checks it; with faults the result is of no use.</summary>
    public static SimulationBody Check(string account, DateTimeOffset? from, DateTimeOffset? to, RateCardDraft? draft, Faults faults)
    {
        Shape.Name(faults, "account", account);
        Require("from", from is null);
        Require("to", to is null);
        Require("draft", draft is null);
        if (from >= to)
        {
            faults.Add("to", FaultCodes.Conflict, "It must be after from.");
        }
        else if (to - from > SimulationRequest.MaxRange)
        {
            faults.Add("to", FaultCodes.OutOfRange, $"It may be at most {SimulationRequest.MaxRange.TotalDays:0} days after from.");
        }

        return new SimulationBody(account, from ?? default, to ?? default, draft!);

        void Require(string field, bool isMissing)
        {
            if (isMissing)
            {
                faults.Add(field, FaultCodes.Required, "It must be given.");
            }
        }
    }
}
