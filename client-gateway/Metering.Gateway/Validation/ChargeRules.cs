using Metering.Contracts;

namespace Metering.Gateway.Validation;

/// <summary>What a charge must look like before an account sees it, whichever edge it came through.</summary>
internal static class ChargeRules
{
    /// <param name="charge">The charge. What a producer's is called, <see cref="ChargeName.From"/> has checked.</param>
    /// <param name="singleLine">Whether its one line stood in the body itself, so that paths are <c>quantity</c> and not <c>lines[0].quantity</c>.</param>
    /// <param name="faults">Where faults go.</param>
    public static void Check(ChargeRequest charge, bool singleLine, Faults faults)
    {
        if (charge.Producer is null)
        {
            Shape.Name(faults, "id", charge.Id);
        }

        if (singleLine)
        {
            Line(charge.Lines[0], faults);
            return;
        }

        Shape.Count(faults, "lines", charge.Lines.Count, 1, Limits.MaxLinesPerCharge);
        faults.Enter("lines");
        for (var i = 0; i < Math.Min(charge.Lines.Count, Limits.MaxLinesPerCharge); i++)
        {
            faults.Enter(i);
            Line(charge.Lines[i], faults);
            faults.Leave();
        }

        faults.Leave();
    }

    private static void Line(ChargeLine line, Faults faults)
    {
        Shape.Name(faults, "meter", line.Meter);
        Shape.Amount(faults, "quantity", line.Quantity);
        Shape.Dimensions(faults, "dimensions", line.Dimensions);
    }
}
