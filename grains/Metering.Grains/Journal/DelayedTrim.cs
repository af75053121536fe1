namespace Metering.Grains.Journal;

/// <summary>
/// Holds a trim back: a record goes once it has been free to go for a while. A copy of the snapshots and a copy of the log that is made within that time after it then belong together: whatever
/// the older snapshots lack is still in the log.
/// </summary>
/// <remarks>After an opening the time begins anew, so it may be longer, and never shorter.</remarks>
internal sealed class DelayedTrim(TimeSpan delay, TimeProvider time)
{
    /// <summary>Steps in which the trim follows: it comes later than it might by at most a part of the delay.</summary>
    internal const int MaxSteps = 64;

    private readonly Queue<(long Through, long FreeAt)> _steps = new();
    private (long Through, long FreeAt) _latest;
    private long _due;

    /// <summary>Notes what is free to go now.</summary>
    /// <param name="through">Everything up to this record.</param>
    /// <returns>What has been free for long enough: everything up to this record.</returns>
    internal long Next(long through)
    {
        if (delay == TimeSpan.Zero)
        {
            return through;
        }

        if (through > _latest.Through && (_steps.Count == 0 || time.GetElapsedTime(_latest.FreeAt) >= delay / MaxSteps))
        {
            _latest = (through, time.GetTimestamp());
            _steps.Enqueue(_latest);
        }

        while (_steps.TryPeek(out var step) && time.GetElapsedTime(step.FreeAt) >= delay)
        {
            _due = step.Through;
            _steps.Dequeue();
        }

        return _due;
    }
}
