namespace Metering.Client;

/// <summary>How long a client tries, and how much it has in work at once.</summary>
public sealed class MeteringClientOptions
{
    /// <summary>
    /// How long a call may take in all, attempts and the waits between them: 10 ms to 1 h. After it the call ends with what the last attempt
    /// was refused with, or with <see cref="MeteringException"/> when nobody answered.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one attempt may take: 10 ms to 5 min. A stream that owes answers and brings none for so long is given up.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>About how long to wait before the second attempt, 1 ms to 1 min. Each further wait is about twice the one before.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between attempts: at least <see cref="FirstDelay"/>, at most 5 min.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Charges that wait to be sent, 1 to 1,000,000. While there are that many, further callers wait their turn.</summary>
    public int MaxQueuedCharges { get; init; } = 10_000;

    /// <summary>Charges of one batch: 1 to 10,000.</summary>
    public int MaxBatchCharges { get; init; } = 1_000;

    /// <summary>Bytes of one batch, 1 KiB to 64 MiB; at most what the gateway takes as one message (8 MiB unless it was told otherwise).</summary>
    public int MaxBatchBytes { get; init; } = 1_024 * 1_024;

    /// <summary>Batches sent and not yet answered: 1 to 1,024. The gateway works on 16 of a stream at once.</summary>
    public int MaxBatchesInFlight { get; init; } = 8;

    /// <summary>
    /// After so long, 1 s to 1 day, a stream of charges and its connection are replaced, so that what balances load gets to choose again.
    /// </summary>
    public TimeSpan MaxStreamAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The largest reply it takes, in bytes: 1 KiB to 256 MiB. Batches of 10,000 explained charges need a few MiB.</summary>
    public int MaxReplyBytes { get; init; } = 32 * 1_024 * 1_024;

    /// <summary>The API key, or another bearer token, that every call carries; none where the gateway needs none. Never logged.</summary>
    public string? Key { get; init; }

    /// <summary>What waits are counted by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal void Check()
    {
        Check(Deadline >= TimeSpan.FromMilliseconds(10) && Deadline <= TimeSpan.FromHours(1), nameof(Deadline));
        Check(AttemptTimeout >= TimeSpan.FromMilliseconds(10) && AttemptTimeout <= TimeSpan.FromMinutes(5), nameof(AttemptTimeout));
        Check(FirstDelay >= TimeSpan.FromMilliseconds(1) && FirstDelay <= TimeSpan.FromMinutes(1), nameof(FirstDelay));
        Check(MaxDelay >= FirstDelay && MaxDelay <= TimeSpan.FromMinutes(5), nameof(MaxDelay));
        Check(MaxQueuedCharges is >= 1 and <= 1_000_000, nameof(MaxQueuedCharges));
        Check(MaxBatchCharges is >= 1 and <= 10_000, nameof(MaxBatchCharges));
        Check(MaxBatchBytes is >= 1_024 and <= 64 * 1_024 * 1_024, nameof(MaxBatchBytes));
        Check(MaxBatchesInFlight is >= 1 and <= 1_024, nameof(MaxBatchesInFlight));
        Check(MaxStreamAge >= TimeSpan.FromSeconds(1) && MaxStreamAge <= TimeSpan.FromDays(1), nameof(MaxStreamAge));
        Check(Key is null || (Key.Length > 0 && Key.All(static letter => letter is > ' ' and <= '~')), nameof(Key));
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
