using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What an account's settings must look like.</summary>
internal static class AccountRules
{
    private const decimal MaxDiscountPercent = 100m;

    public static void Check(AccountRequest settings, Faults faults)
    {
        Shape.Text(faults, "displayName", settings.DisplayName, Limits.MaxDisplayNameLength);
        Shape.Name(faults, "rateCard", settings.RateCard);
        Shape.Amount(faults, "discountPercent", settings.DiscountPercent);
        if (settings.DiscountPercent > MaxDiscountPercent)
        {
            faults.Add("discountPercent", FaultCodes.OutOfRange, "It must be from 0 to 100.");
        }

        Shape.Amount(faults, "creditLimit", settings.CreditLimit);
        Shape.Metadata(faults, "metadata", settings.Metadata);
    }
}
