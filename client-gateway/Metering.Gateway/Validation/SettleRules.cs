using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What the settling of a hold must look like. The hold's own name stands in the address, and is checked there.</summary>
internal static class SettleRules
{
    public static void Check(SettleRequest settle, Faults faults)
    {
        Shape.Name(faults, "id", settle.Id);
        Shape.Amount(faults, "quantity", settle.Quantity);
        Shape.Amount(faults, "credits", settle.Credits);
        if (settle is { Quantity: null, Credits: null })
        {
            faults.Add("quantity", FaultCodes.Required, "It must be given, or credits instead.");
        }
        else if (settle is { Quantity: not null, Credits: not null })
        {
            faults.Add("credits", FaultCodes.Conflict, "Give either quantity, or credits.");
        }

        if (settle.Mode is not (ChargeMode.Record or ChargeMode.Enforce))
        {
            faults.Add("mode", FaultCodes.BadFormat, "It must be one of enforce, record.");
        }
    }
}

/// <summary>What the release of a hold must look like. The hold's own name stands in the address, and is checked there.</summary>
internal static class ReleaseRules
{
    public static void Check(ReleaseRequest release, Faults faults) => Shape.Name(faults, "id", release.Id);
}
