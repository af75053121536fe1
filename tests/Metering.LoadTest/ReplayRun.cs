using System.Diagnostics;
using System.Text;
using HdrHistogram;

namespace Metering.LoadTest;

/// <summary>
/// Sends every call of the trace once. A number of senders take the calls in order; each call has a moment when it is due, and its latency
/// counts from that moment, so a server that stalls is charged for every call it kept waiting and not only for those
/// that happened to be under way.
/// </summary>
internal sealed class ReplayRun(Trace trace, ReplayOptions options, string run, ReplayAccounts accounts, MeteringApi api, PatientCaller caller)
{
    private const int MaxReasons = 10;
    private static readonly long MaxLatencyMicroseconds = (long)TimeSpan.FromMinutes(10).TotalMicroseconds;

    private readonly Stopwatch _clock = new();
    private readonly HashSet<string> _reasons = [];
    private int _next = -1;
    private int _charged;
    private int _replayed;
    private int _refused;

    public LongConcurrentHistogram LatencyMicroseconds { get; } = new(1, MaxLatencyMicroseconds, 3);

    public int Charged => Volatile.Read(ref _charged);

    public int Replayed => Volatile.Read(ref _replayed);

    public int Refused => Volatile.Read(ref _refused);

    public int Done => Charged + Replayed + Refused;

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Why calls were refused: the first few different answers.</summary>
    public IReadOnlyCollection<string> Reasons => _reasons;

    public async Task SendAllAsync(CancellationToken cancellationToken)
    {
        using var failure = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _clock.Start();
        var senders = Enumerable.Range(0, options.Concurrency).Select(_ => Task.Run(() => SendAsync(failure), failure.Token)).ToList();
        await Task.WhenAll(senders);
        _clock.Stop();
    }

    private async Task SendAsync(CancellationTokenSource failure)
    {
        try
        {
            for (var i = Interlocked.Increment(ref _next); i < trace.Calls.Count; i = Interlocked.Increment(ref _next))
            {
                var dueAt = await WhenDueAsync(trace.Calls[i], failure.Token);
                await ChargeAsync(trace.Calls[i], failure.Token);
                var latency = (long)(_clock.Elapsed - dueAt).TotalMicroseconds;
                LatencyMicroseconds.RecordValue(Math.Clamp(latency, 1, MaxLatencyMicroseconds));
            }
        }
        catch (ReplayException)
        {
            // One call without an answer ends the run; the others must not each wait out their own attempts.
            await failure.CancelAsync();
            throw;
        }
    }

    private async Task<TimeSpan> WhenDueAsync(TraceCall call, CancellationToken cancellationToken)
    {
        if (options.SpeedFactor is not { } factor)
        {
            return _clock.Elapsed;
        }

        var dueAt = TimeSpan.FromTicks((long)((call.At - trace.Calls[0].At).Ticks / factor));
        var early = dueAt - _clock.Elapsed;
        if (early > TimeSpan.Zero)
        {
            await Task.Delay(early, cancellationToken);
        }

        return dueAt;
    }

    private async Task ChargeAsync(TraceCall call, CancellationToken cancellationToken)
    {
        var account = accounts.NameOf(Trace.AccountOf(call, accounts.Count));
        var body = Body(call);
        var reply = await caller.CallAsync(token => api.ChargeAsync(account, body, token), cancellationToken);
        if (!reply.IsSuccess)
        {
            Refuse(reply);
        }
        else if (reply.Replayed)
        {
            Interlocked.Increment(ref _replayed);
        }
        else
        {
            Interlocked.Increment(ref _charged);
        }
    }

    private void Refuse(ApiReply reply)
    {
        Interlocked.Increment(ref _refused);
        lock (_reasons)
        {
            if (_reasons.Count < MaxReasons)
            {
                _reasons.Add(reply.ToString());
            }
        }
    }

    private byte[] Body(TraceCall call)
    {
        var lines = call.Usage.Select(usage =>
            $$$"""{"meter":"{{{TraceCall.Meter}}}","quantity":"{{{usage.Tokens}}}","dimensions":{"service":"{{{call.Service}}}","kind":"{{{usage.Kind}}}"}}""");
        return Encoding.UTF8.GetBytes($$"""{"id":"{{run}}-{{call.Service}}-{{call.Row}}","lines":[{{string.Join(',', lines)}}]}""");
    }
}
