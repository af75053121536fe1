using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a reversal must look like. The charge's own name stands in the address, and is checked there.</summary>
internal static class ReversalRules
{
    public static void Check(ReversalRequest reversal, Faults faults)
    {
        Shape.Name(faults, "id", reversal.Id);
        Shape.AmountAboveZero(faults, "quantity", reversal.Quantity);
    }
}
