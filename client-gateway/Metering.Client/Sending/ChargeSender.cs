using System.Threading.Channels;
using Grpc.Core;
using Metering.Client.Wire;

namespace Metering.Client.Sending;

/// <summary>
/// Sends single charges in batches over one stream. A stream that breaks is opened again, and what was not answered goes out again with the
/// same ids, so that an account that had charged it already recognises it: each is charged at most once, however often it is sent.
/// </summary>
internal sealed class ChargeSender : IAsyncDisposable
{
    private readonly V1.Metering.MeteringClient _calls;
    private readonly MeteringClientOptions _options;
    private readonly Backoff _backoff;
    private readonly Retries _retries;
    private readonly ChargeBacklog _backlog;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private volatile Exception? _lastFailure;
    private int _isDisposed;

    public ChargeSender(V1.Metering.MeteringClient calls, MeteringClientOptions options, Backoff backoff, Retries retries)
    {
        _calls = calls;
        _options = options;
        _backoff = backoff;
        _retries = retries;
        _backlog = new ChargeBacklog(options);
        _running = Run();
    }

    public async Task<Answer<ChargeReply>> Send(AccountCharge charge, Due due, CancellationToken cancellationToken)
    {
        var outgoing = new OutgoingCharge(charge, _options.Time);
        try
        {
            // One that alone is more than a batch may be is likely to be refused for its size, and must not take a batch of others with it.
            return outgoing.Size > _options.MaxBatchBytes
                ? await _retries.Run(async options => ChargeMessages.FromWire(await _calls.ChargeAsync(outgoing.Send(), options)), due, cancellationToken)
                : await Send(outgoing, due, cancellationToken);
        }
        catch (MeteringException exception)
        {
            throw new MeteringException(exception.Message, exception.InnerException) { Charge = outgoing.ToCharge() };
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _backlog.Close();
            await _stopping.CancelAsync();
            await _running;
            _stopping.Dispose();
        }
    }

    private async Task<Answer<ChargeReply>> Send(OutgoingCharge charge, Due due, CancellationToken cancellationToken)
    {
        for (var tried = 1; ; tried++)
        {
            var pending = new PendingCharge(charge);
            var answer = await Await(pending, due, cancellationToken);
            if (answer.Refusal is not { IsRetryable: true } refusal)
            {
                return answer;
            }

            var delay = _backoff.Delay(tried, refusal.RetryAfter);
            if (delay >= due.Left)
            {
                return answer;
            }

            await Task.Delay(delay, _options.Time, cancellationToken);
        }
    }

    private async Task<Answer<ChargeReply>> Await(PendingCharge pending, Due due, CancellationToken cancellationToken)
    {
        try
        {
            if (!_backlog.TryAdd(pending))
            {
                await AddAsync(pending, due, cancellationToken);
            }

            return await pending.Answer.WaitAsync(due.Left, _options.Time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new MeteringException(MeteringException.Unanswered, _lastFailure ?? exception);
        }
        finally
        {
            pending.GiveUp();
        }
    }

    private async Task AddAsync(PendingCharge pending, Due due, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(due.Left, _options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _backlog.AddAsync(pending, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("There was no room among the charges that wait to be sent.");
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(MeteringClient));
        }
    }

    private async Task Run()
    {
        // The caller who makes the client does not wait for this.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            for (var failed = 0; ;)
            {
                await _backlog.WaitAsync(_stopping.Token);
                using var stream = new OpenStream(_calls, _backlog, _options, _stopping.Token);
                var failure = await stream.Serve();
                _stopping.Token.ThrowIfCancellationRequested();
                failed = stream.HasAnswered ? 0 : failed + 1;
                var refusal = Told(failure);
                if (failed > 0)
                {
                    await Task.Delay(_backoff.Delay(failed, refusal?.RetryAfter), _options.Time, _stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The client is disposed: what is still awaited has no answer.
        }

        _backlog.EndAll(static charge => charge.Fail(
            new MeteringException(MeteringException.Unanswered, new ObjectDisposedException(nameof(MeteringClient)))));
    }

    /// <summary>What a broken stream says: a refusal of the stream as a whole refuses whatever waits, unless it passes by itself.</summary>
    private Refusal? Told(Exception? failure)
    {
        _lastFailure = failure ?? _lastFailure;
        if (failure is not RpcException exception)
        {
            return null;
        }

        var refusal = RefusalMessages.Of(exception);
        if (!Backoff.MayPass(exception, refusal))
        {
            _backlog.EndAll(charge =>
            {
                if (refusal is not null)
                {
                    charge.Complete(new Answer<ChargeReply>(null, refusal));
                }
                else
                {
                    charge.Fail(new MeteringException(MeteringException.Unanswered, exception));
                }
            });
        }

        return refusal;
    }
}
