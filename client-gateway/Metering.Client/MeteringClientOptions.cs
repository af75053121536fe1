namespace Metering.Client;

/// <summary>How often and how long a client tries.</summary>
public sealed class MeteringClientOptions
{
    /// <summary>How often a call is sent at most, the first time included: 1 to 20.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>How long one attempt may take: 10 ms to 5 min.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>About how long to wait before the second attempt, 1 ms to 1 min. Each further wait is about twice the one before.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between attempts: at least <see cref="FirstDelay"/>, at most 5 min.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The largest reply it takes, in bytes: 1 KiB to 256 MiB. Batches of 10,000 explained charges need a few MiB.</summary>
    public int MaxReplyBytes { get; init; } = 32 * 1_024 * 1_024;

    /// <summary>What waits are counted by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal void Check()
    {
        Check(MaxAttempts is >= 1 and <= 20, nameof(MaxAttempts));
        Check(AttemptTimeout >= TimeSpan.FromMilliseconds(10) && AttemptTimeout <= TimeSpan.FromMinutes(5), nameof(AttemptTimeout));
        Check(FirstDelay >= TimeSpan.FromMilliseconds(1) && FirstDelay <= TimeSpan.FromMinutes(1), nameof(FirstDelay));
        Check(MaxDelay >= FirstDelay && MaxDelay <= TimeSpan.FromMinutes(5), nameof(MaxDelay));
        Check(MaxReplyBytes is >= 1_024 and <= 256 * 1_024 * 1_024, nameof(MaxReplyBytes));
    }

    private static void Check(bool inRange, string option)
    {
        if (!inRange)
        {
            throw new ArgumentOutOfRangeException(option, "The option is out of its range.");
        }
    }
}
