using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a grant must look like before an account sees it. Whether it expires after now is the account's to say.</summary>
internal static class GrantRules
{
    public static void Check(GrantRequest grant, Faults faults)
    {
        Shape.Name(faults, "id", grant.Id);
        Shape.Amount(faults, "amount", grant.Amount);
        if (grant.Amount == 0m)
        {
            faults.Add("amount", FaultCodes.OutOfRange, "It must be above 0.");
        }

        Shape.WholeNumber(faults, "priority", grant.Priority, 0, Limits.MaxPriority);
        if (grant is { EffectiveAt: { } effectiveAt, ExpiresAt: { } expiresAt } && expiresAt <= effectiveAt)
        {
            faults.Add("expiresAt", FaultCodes.OutOfRange, "It must be after effectiveAt.");
        }

        Shape.Count(faults, "meters", grant.Meters.Count, 0, Limits.MaxMetersPerGrant);
        faults.Enter("meters");
        for (var i = 0; i < Math.Min(grant.Meters.Count, Limits.MaxMetersPerGrant); i++)
        {
            faults.Enter(i);
            Shape.Pattern(faults, grant.Meters[i]);
            faults.Leave();
        }

        faults.Leave();
    }
}
