namespace Metering.Client.Sending;

/// <summary>An instant by which something must be done, by a clock that no one sets back.</summary>
internal readonly struct Due(TimeProvider time, TimeSpan length)
{
    private readonly long _since = time.GetTimestamp();

    /// <summary>What is left of the time; never below zero.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = length - time.GetElapsedTime(_since);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
