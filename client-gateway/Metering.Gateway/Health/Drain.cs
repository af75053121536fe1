using Microsoft.Extensions.Hosting;

namespace Metering.Gateway.Health;

/// <summary>
/// Ends what would not end by itself when the host stops. The server finishes single requests; a stream goes on for as long as its client
/// likes, so it is told to end, and only when all have ended does the server begin to close connections.
/// </summary>
internal sealed class Drain : IHostedLifecycleService, IDisposable
{
    // For the last replies to reach their clients before the connections beneath them close.
    private static readonly TimeSpan ReadTheEnd = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenRegistration _registration;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private int _streams;

    public Drain(IHostApplicationLifetime lifetime) =>
        _registration = lifetime.ApplicationStopping.Register(_stopping.Cancel);

    /// <summary>Cancelled as soon as the host is told to stop.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>A stream has begun; <see cref="LeaveStream"/> must follow.</summary>
    public void EnterStream()
    {
        lock (_lock)
        {
            _streams++;
        }
    }

    public void LeaveStream()
    {
        lock (_lock)
        {
            if (--_streams == 0 && _stopping.IsCancellationRequested)
            {
                _ended.TrySetResult();
            }
        }
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        lock (_lock)
        {
            if (_streams == 0)
            {
                return;
            }
        }

        await _ended.Task.WaitAsync(cancellationToken);
        await Task.Delay(ReadTheEnd, cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _registration.Dispose();
        _stopping.Dispose();
    }
}
