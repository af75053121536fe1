namespace Metering.Silo.Storage.Azure;

/// <summary>Whether a store answered when it was last asked: what a health check reads to call a silo degraded.</summary>
/// <remarks>A refusal (a stale ETag, a number that is taken) is an answer too. Only a store that is away or broken counts as failing.</remarks>
public sealed class StoreHealth(string store, TimeProvider time)
{
    private readonly Lock _lock = new();
    private DateTimeOffset? _lastSuccessAt;
    private DateTimeOffset? _lastFailureAt;
    private string? _failure;

    /// <summary>What the store keeps: <c>journal</c> or <c>snapshots</c>.</summary>
    public string Store { get; } = store;

    /// <summary>When it last answered; null when it never has.</summary>
    public DateTimeOffset? LastSuccessAt
    {
        get
        {
            lock (_lock)
            {
                return _lastSuccessAt;
            }
        }
    }

    /// <summary>When it last failed; null when it never has.</summary>
    public DateTimeOffset? LastFailureAt
    {
        get
        {
            lock (_lock)
            {
                return _lastFailureAt;
            }
        }
    }

    /// <summary>Why it failed when it was last asked, in an operator's words; null when it answered.</summary>
    public string? Failure
    {
        get
        {
            lock (_lock)
            {
                return _failure;
            }
        }
    }

    /// <returns>Whether it failed before: this answer ends an outage.</returns>
    internal bool Succeeded()
    {
        lock (_lock)
        {
            _lastSuccessAt = time.GetUtcNow();
            var endsOutage = _failure is not null;
            _failure = null;
            return endsOutage;
        }
    }

    /// <returns>Whether it answered before: this failure begins an outage.</returns>
    internal bool Failed(string why)
    {
        lock (_lock)
        {
            _lastFailureAt = time.GetUtcNow();
            var beginsOutage = _failure is null;
            _failure = why;
            return beginsOutage;
        }
    }
}
