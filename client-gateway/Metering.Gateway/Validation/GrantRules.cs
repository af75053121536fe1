using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a grant must look like before an account sees it. Whether it expires after now is the account's to say.</summary>
internal static class GrantRules
{
    /// <summary>The maximum of a rollover that has none.</summary>
    public const decimal AllRollsOver = Limits.MaxAmount;

    public static void Check(GrantRequest grant, Faults faults)
    {
        Shape.Name(faults, "id", grant.Id);
        Shape.AmountAboveZero(faults, "amount", grant.Amount);
        Shape.WholeNumber(faults, "priority", grant.Priority, 0, Limits.MaxPriority);
        if (grant is { EffectiveAt: { } effectiveAt, ExpiresAt: { } expiresAt } && expiresAt <= effectiveAt)
        {
            faults.Add("expiresAt", FaultCodes.OutOfRange, "It must be after effectiveAt.");
        }

        if (grant.Recurrence is { } recurrence)
        {
            faults.Enter("recurrence");
            Shape.WholeNumber(faults, "count", recurrence.Count, 1, Limits.MaxUnitsBetweenRefills);
            faults.Leave();
        }

        if (grant.Rollover is { } rollover)
        {
            Check(rollover, hasRecurrence: grant.Recurrence is not null, faults);
        }

        Shape.Patterns(faults, "meters", grant.Meters);
    }

    private static void Check(Rollover rollover, bool hasRecurrence, Faults faults)
    {
        if (!hasRecurrence)
        {
            faults.Add("rollover", FaultCodes.Conflict, "It is only for a grant with a recurrence.");
        }

        faults.Enter("rollover");
        Shape.Amount(faults, "minimum", rollover.Minimum);
        Shape.Amount(faults, "maximum", rollover.Maximum);
        if (rollover.Maximum < rollover.Minimum)
        {
            faults.Add("maximum", FaultCodes.OutOfRange, "It must be at least minimum.");
        }

        faults.Leave();
    }
}
