using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a hold must look like: for a quantity of a meter, or for credits.</summary>
internal static class HoldRules
{
    public static void Check(HoldRequest hold, Faults faults)
    {
        Shape.Name(faults, "id", hold.Id);
        if (hold.Credits is { } credits)
        {
            Shape.AmountAboveZero(faults, "credits", credits);
            if (hold.Meter is not null || hold.Quantity is not null || hold.Dimensions.Count > 0)
            {
                faults.Add("credits", FaultCodes.Conflict, "Give either meter and quantity, or credits.");
            }
        }
        else
        {
            Usage(hold, faults);
        }

        if (hold.TimeToLive < TimeSpan.FromSeconds(1) || hold.TimeToLive > HoldRequest.MaxTimeToLive)
        {
            faults.Add("ttlSeconds", FaultCodes.OutOfRange, $"It must be from 1 to {HoldRequest.MaxTimeToLive.TotalSeconds:0}.");
        }

        if (hold.Mode is not (ChargeMode.Enforce or ChargeMode.UpTo))
        {
            faults.Add("mode", FaultCodes.BadFormat, "It must be one of enforce, upTo.");
        }
    }

    private static void Usage(HoldRequest hold, Faults faults)
    {
        Shape.Name(faults, "meter", hold.Meter ?? "");
        if (hold.Quantity is null)
        {
            faults.Add("quantity", FaultCodes.Required, "It must be given, or credits instead.");
        }

        Shape.AmountAboveZero(faults, "quantity", hold.Quantity);
        Shape.Dimensions(faults, "dimensions", hold.Dimensions);
    }
}
