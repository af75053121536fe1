using Metering.Contracts;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Security;

/// <summary>Looks every second whether a caller who listens for long is still let in, and ends what they listen to when not.</summary>
internal sealed class AccessWatch : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _over;

    public AccessWatch(Gatekeeper gatekeeper, HttpContext context, TimeProvider time)
    {
        _over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        Token = _over.Token;
        _ = Look(gatekeeper, context, time);
    }

    /// <summary>Cancelled when they are let in no longer, and when they have gone.</summary>
    public CancellationToken Token { get; }

    /// <summary>Why they are let in no longer; null while they are.</summary>
    public Refusal? Refusal { get; private set; }

    public void Dispose()
    {
        _over.Cancel();
        _over.Dispose();
    }

    private async Task Look(Gatekeeper gatekeeper, HttpContext context, TimeProvider time)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Period, time, Token);
                if ((await gatekeeper.Renew(context)).Refusal is { } refusal)
                {
                    Refusal = refusal;
                    await _over.CancelAsync();
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
        {
            // They have gone.
        }
    }
}
