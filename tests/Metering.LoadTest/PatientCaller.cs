namespace Metering.LoadTest;

/// <summary>
/// Sends a request again, under the same id, when its outcome is unknown or the server asks for patience. The ids make that safe: a
/// request that had landed gets its original answer. It gives up after <see cref="MaxAttempts"/>, some fifteen seconds, so that
/// a server that is gone ends the run instead of stalling it.
/// </summary>
internal sealed class PatientCaller
{
    public const int MaxAttempts = 12;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(2);
    private int _retries;

    /// <summary>How often something was sent again.</summary>
    public int Retries => Volatile.Read(ref _retries);

    /// <exception cref="ReplayException">Every attempt failed.</exception>
    public async Task<ApiReply> CallAsync(Func<CancellationToken, Task<ApiReply>> send, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            string fault;
            TimeSpan? retryAfter = null;
            try
            {
                var reply = await send(cancellationToken);
                if (!reply.IsTransient)
                {
                    return reply;
                }

                fault = reply.ToString();
                retryAfter = reply.RetryAfter;
            }
            catch (Exception exception) when (IsConnectionLoss(exception) && !cancellationToken.IsCancellationRequested)
            {
                fault = exception.Message;
            }

            if (attempt == MaxAttempts)
            {
                throw new ReplayException($"No answer after {MaxAttempts} attempts; the last: {fault}");
            }

            Interlocked.Increment(ref _retries);
            await Task.Delay(Pause(attempt, retryAfter), cancellationToken);
        }
    }

    // A timeout of the client shows as a cancelled task that nobody cancelled.
    private static bool IsConnectionLoss(Exception exception) => exception is HttpRequestException or IOException or TaskCanceledException;

    private static TimeSpan Pause(int attempt, TimeSpan? retryAfter)
    {
        var pause = retryAfter ?? FirstPause * (1 << Math.Min(attempt - 1, 10));
        return pause < MaxPause ? pause : MaxPause;
    }
}

/// <summary>The replay cannot go on; the message is for the person who started it.</summary>
internal sealed class ReplayException : Exception
{
    public ReplayException(string message)
        : base(message)
    {
    }

    public ReplayException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
