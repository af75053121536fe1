using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Routing;

/// <summary>Tells the operator that calls fail: at most one line a second of those that are foreseen, for an outage fails thousands of them alike.</summary>
internal sealed class FailureLog(TimeProvider time, ILogger<GrainRouter> logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private long? _toldAt;
    private long _untold;

    public void GivenUp(Exception exception)
    {
        if (!SiloFailure.IsForeseen(exception))
        {
            logger.RequestFailed(exception);
            return;
        }

        long untold;
        lock (_lock)
        {
            if (_toldAt is { } toldAt && time.GetElapsedTime(toldAt) < Interval)
            {
                _untold++;
                return;
            }

            (untold, _untold, _toldAt) = (_untold, 0, time.GetTimestamp());
        }

        logger.GrainUnavailable(untold, exception);
    }
}
