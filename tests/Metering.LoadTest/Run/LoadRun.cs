using System.Diagnostics;

namespace Metering.LoadTest.Run;

/// <summary>
/// Sends what a plan asks for, from this process. Each second gives a <see cref="LoadSample"/>, the same here as from
/// another process of the run.
/// </summary>
internal sealed class LoadRun(LoadPlan plan, UsagePattern pattern, AccountTotals totals, int process)
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(1);

    // What has no answer at the end is asked for again for so long: more than a restart takes.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChargeText _text = new(plan.Run, process);
    private readonly LoadMeter _meter = new(totals);

    /// <summary>Sends for the warm-up and the duration, then until everything sent is answered.</summary>
    /// <param name="onSample">Hears each second's sample, in order.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LoadException">The server answers something that is no answer.</exception>
    public async Task<LoadResult> RunAsync(Func<LoadSample, Task> onSample, CancellationToken cancellationToken)
    {
        using var givenUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var pacer = Pacer.Of(plan.ChargesPerSecond / plan.Processes / plan.ChargesPerCall);
        var context = new SenderContext(
            plan.Kind,
            plan.Kind.IsGrpc() ? new ProtoCharges(_text, pattern, plan.Kind) : new JsonCharges(_text, pattern, plan.Kind),
            new ChargeSource(AccountMix.Of(plan), pattern.Usages.Count, unchecked((plan.Seed * 31) + process)),
            pacer,
            _meter,
            plan.ChargesPerCall,
            plan.ChargesPerSecond is null,
            givenUp.Token);
        var connections = new List<IDisposable>();
        try
        {
            var senders = Enumerable.Range(0, plan.Connections).SelectMany(number => Connect(number, context, connections)).ToList();
            var whole = plan.WarmUp + plan.Duration;
            pacer.Start(whole);
            var cpuBefore = Environment.CpuUsage.TotalTime;
            var clock = Stopwatch.StartNew();
            givenUp.CancelAfter(whole + Patience);
            using var stopped = new CancellationTokenSource();
            var sampling = SampleAsync(clock, onSample, stopped.Token);
            await RunAllAsync(senders, givenUp);
            _meter.LeaveUnsent(pacer.Unsent(), plan.ChargesPerCall);
            await stopped.CancelAsync();
            await sampling;
            return new LoadResult
            {
                Refused = _meter.Refused,
                Resent = _meter.Resent,
                Repeated = _meter.Repeated,
                Open = _meter.Open,
                Unsent = _meter.Unsent,
                RefusalLatency = LatencyPairs.Of(_meter.TakeRefusalLatency()),
                CpuSeconds = (Environment.CpuUsage.TotalTime - cpuBefore).TotalSeconds,
            };
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    private IEnumerable<Sender> Connect(int number, SenderContext context, List<IDisposable> connections)
    {
        if (!plan.Kind.IsGrpc())
        {
            // HTTP/1.1 has no second call under way on a connection, so each call gets one.
            for (var i = 0; i < plan.CallsPerConnection; i++)
            {
                var target = plan.Targets[((number * plan.CallsPerConnection) + i) % plan.Targets.Count];
                var http = new HttpConnection(target);
                connections.Add(http);
                yield return new HttpSender(http, target, _text, plan.Key, context);
            }

            yield break;
        }

        var connection = new GrpcConnection(plan.GrpcTargets[number % plan.GrpcTargets.Count], plan.Key);
        connections.Add(connection);
        if (plan.Kind == CallKind.Stream)
        {
            yield return new StreamSender(connection, plan.CallsPerConnection, context);
            yield break;
        }

        for (var i = 0; i < plan.CallsPerConnection; i++)
        {
            yield return new GrpcSender(connection, context);
        }
    }

    /// <summary>One that fails ends the run: the others must not go on for minutes beside an error.</summary>
    private static async Task RunAllAsync(List<Sender> senders, CancellationTokenSource givenUp)
    {
        var failure = (Exception?)null;
        var running = senders.Select(sender => Task.Run(sender.RunAsync)).ToList();
        while (running.Count > 0)
        {
            var ended = await Task.WhenAny(running);
            running.Remove(ended);
            if (ended.Exception?.InnerException is { } exception)
            {
                failure ??= exception;
                await givenUp.CancelAsync();
                break;
            }
        }

        if (failure is not null)
        {
            throw failure is LoadException ? failure : new LoadException($"The run broke off: {failure.Message}", failure);
        }
    }

    private async Task SampleAsync(Stopwatch clock, Func<LoadSample, Task> onSample, CancellationToken stopped)
    {
        using var timer = new PeriodicTimer(SampleInterval);
        var (chargedBefore, answeredBefore) = (0L, 0L);
        var at = TimeSpan.Zero;
        var isLast = false;
        while (!isLast)
        {
            try
            {
                await timer.WaitForNextTickAsync(stopped);
            }
            catch (OperationCanceledException)
            {
                isLast = true;
            }

            var (charged, answered, now) = (_meter.Charged, _meter.Answered, clock.Elapsed);
            await onSample(new LoadSample
            {
                Process = process,
                FromSeconds = at.TotalSeconds,
                ToSeconds = now.TotalSeconds,
                Charged = charged - chargedBefore,
                Refused = answered - answeredBefore - (charged - chargedBefore),
                IsWarmUp = at < plan.WarmUp - (SampleInterval / 2),
                Latency = LatencyPairs.Of(_meter.TakeInterval()),
            });
            (chargedBefore, answeredBefore, at) = (charged, answered, now);
        }
    }
}
