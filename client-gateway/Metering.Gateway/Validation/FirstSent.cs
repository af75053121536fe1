namespace Metering.Gateway.Validation;

/// <summary>How long ago a charge that is sent again was first sent, from the number that stands for it outside.</summary>
internal static class FirstSent
{
    /// <param name="millisecondsAgo">0 or null for a charge that is sent for the first time.</param>
    /// <param name="faults">Where a fault goes.</param>
    public static TimeSpan Ago(long? millisecondsAgo, Faults faults)
    {
        var milliseconds = millisecondsAgo ?? 0;
        Shape.WholeNumber(faults, "firstSentMillisecondsAgo", milliseconds, 0, Limits.MaxFirstSentMillisecondsAgo);
        return milliseconds is > 0 and <= Limits.MaxFirstSentMillisecondsAgo ? TimeSpan.FromMilliseconds(milliseconds) : TimeSpan.Zero;
    }
}
