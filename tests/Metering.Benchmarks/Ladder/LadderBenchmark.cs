using System.Diagnostics;
using Metering.Benchmarks.Peers;
using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.LoadTest.Run;
using Metering.Standalone;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Benchmarks.Ladder;

/// <summary>
/// Where the time goes: the same charges over the same accounts, with one more part of the system around them on each rung. The difference between
/// two rungs is what the part between them costs.
/// </summary>
internal sealed class LadderBenchmark(int accounts, double zipfExponent, int chargesPerCall, TimeSpan turn, TimeSpan warmUp)
{
    private const int CallsUnderWay = 32;
    private static readonly int Threads = Environment.ProcessorCount;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine($"{accounts:N0} accounts, Zipf {zipfExponent:0.##}, {Threads} threads, {chargesPerCall} charges in a call where there are calls");
        Console.WriteLine("| rung | charges/s | CPU µs/charge | more than the rung below | bytes allocated/charge |");
        Console.WriteLine("|---|---|---|---|---|");
        var below = 0d;
        await foreach (var step in StepsAsync(cancellationToken))
        {
            Console.WriteLine(
                $"| {step.Name} | {step.Charges / step.Seconds:N0} | {step.Microseconds:F2} | {(below > 0 ? $"{step.Microseconds - below:+0.00;-0.00}" : "")} | {(step.AllocatedBytes is { } bytes ? $"{bytes / step.Charges:N0}" : "–")} |");
            below = step.Microseconds;
        }

        return true;
    }

    private async IAsyncEnumerable<LadderStep> StepsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        yield return await MeasureAsync("core: decide", () => ThreadsAsync(thread => new CoreRung(accounts / Threads, zipfExponent, thread).Decide, cancellationToken));
        yield return await MeasureAsync(
            "+ apply and encode", () => ThreadsAsync(thread => new CoreRung(accounts / Threads, zipfExponent, thread).Apply, cancellationToken));

        using var directory = new TemporaryDirectory();

        // The journal's rung writes for accounts that no grain knows: a checkpoint would ask grains for their snapshots.
        var host = StandaloneHost.Build(
        [
            $"--Metering:DataDirectory={directory.Path}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0",
            $"--Metering:MaxTailBytes={64L << 30}", "--Metering:CheckpointInterval=01:00:00",
        ]);
        await host.StartAsync(cancellationToken);
        var journal = host.Services.GetRequiredService<Journal>();
        var rungs = new List<JournalRung>();
        for (var thread = 0; thread < Threads; thread++)
        {
            rungs.Add(await JournalRung.OpenAsync(journal, new CoreRung(accounts / Threads, zipfExponent, thread), accounts / Threads, thread, cancellationToken));
        }

        yield return await MeasureAsync("+ journal, synced", () => AppendersAsync(rungs, cancellationToken));
        foreach (var rung in rungs)
        {
            await rung.DisposeAsync();
        }

        var grains = new GrainRung(host.Services.GetRequiredService<IGrainFactory>(), accounts, zipfExponent, chargesPerCall);
        await grains.PrepareAsync(cancellationToken);
        yield return await MeasureAsync("+ grain, one call per account and batch", () => TasksAsync(grains.NewCaller, cancellationToken));
        var router = host.Services.GetRequiredService<IChargeRouter>();
        yield return await MeasureAsync("the same by way of the router: one call per batch", () => TasksAsync(() => grains.NewRouterCaller(router), cancellationToken));
        await host.StopAsync(cancellationToken);
        await host.DisposeAsync();

        yield return await MeasureGatewayAsync(cancellationToken);
    }

    private async Task<LadderStep> MeasureGatewayAsync(CancellationToken cancellationToken)
    {
        await using var server = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken);
        var plan = new LoadPlan
        {
            Kind = CallKind.Stream,
            Targets = [server.Process.BaseAddress],
            GrpcTargets = [server.GrpcAddress],
            Connections = 4,
            CallsPerConnection = CallsUnderWay / 4,
            ChargesPerCall = chargesPerCall,
            Accounts = accounts,
            Mix = MixKind.Zipf,
            ZipfExponent = zipfExponent,
            HotShare = 1,
            WarmUp = TimeSpan.Zero,
            Duration = warmUp,
            Run = "ladder",
            Seed = 1,
        };
        using var session = await LoadSession.OpenAsync(plan, cancellationToken);
        await session.PrepareAsync(cancellationToken);
        await new LoadRun(plan, session.Pattern, session.Totals, process: 1).RunAsync(_ => Task.CompletedTask, cancellationToken);

        var record = new LoadRecord();
        var before = ProcessorTime.Of(server.Process.ProcessId);
        await new LoadRun(plan with { Duration = turn }, session.Pattern, session.Totals, process: 2).RunAsync(
            sample =>
            {
                record.Add(sample);
                return Task.CompletedTask;
            },
            cancellationToken);
        var cpu = ProcessorTime.Of(server.Process.ProcessId) - before;
        return new LadderStep("+ gateway: gRPC stream from another process, server's CPU", record.Charged, record.MeasuredSeconds, cpu, null);
    }

    /// <summary>Runs a rung until it is warm, then measures it: time, processor time and bytes of this process.</summary>
    private async Task<LadderStep> MeasureAsync(string name, Func<Task<Func<TimeSpan, Task<long>>>> prepare)
    {
        var run = await prepare();
        await run(warmUp);
        var (cpu, allocated, clock) = (Environment.CpuUsage.TotalTime, GC.GetTotalAllocatedBytes(), Stopwatch.StartNew());
        var charges = await run(turn);
        return new LadderStep(
            name, charges, clock.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds, GC.GetTotalAllocatedBytes() - allocated);
    }

    /// <summary>One thread each, with accounts of its own; a step charges once.</summary>
    private static Task<Func<TimeSpan, Task<long>>> ThreadsAsync(Func<int, Action> stepOf, CancellationToken cancellationToken)
    {
        var steps = Enumerable.Range(0, Threads).Select(stepOf).ToArray();
        return Task.FromResult<Func<TimeSpan, Task<long>>>(async duration => (await Task.WhenAll(steps.Select(step => Task.Factory.StartNew(
            () =>
            {
                var (clock, charges) = (Stopwatch.StartNew(), 0L);
                while (clock.Elapsed < duration)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    for (var i = 0; i < 100; i++)
                    {
                        step();
                    }

                    charges += 100;
                }

                return charges;
            },
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)))).Sum());
    }

    /// <summary>As many at once as there are threads, each waiting for the disk when it is too far ahead of it.</summary>
    private static Task<Func<TimeSpan, Task<long>>> AppendersAsync(IReadOnlyList<JournalRung> rungs, CancellationToken cancellationToken) =>
        Task.FromResult<Func<TimeSpan, Task<long>>>(async duration => (await Task.WhenAll(rungs.Select(rung => Task.Run(
            async () =>
            {
                var (clock, charges) = (Stopwatch.StartNew(), 0L);
                while (clock.Elapsed < duration)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    for (var i = 0; i < 100; i++)
                    {
                        await rung.AppendAsync();
                    }

                    charges += 100;
                }

                return charges;
            },
            cancellationToken)))).Sum());

    /// <summary>As many calls under way as the stream has.</summary>
    private static Task<Func<TimeSpan, Task<long>>> TasksAsync(Func<Func<Task<int>>> callerOf, CancellationToken cancellationToken)
    {
        var callers = Enumerable.Range(0, CallsUnderWay).Select(_ => callerOf()).ToArray();
        return Task.FromResult<Func<TimeSpan, Task<long>>>(async duration => (await Task.WhenAll(callers.Select(call => Task.Run(
            async () =>
            {
                var (clock, charges) = (Stopwatch.StartNew(), 0L);
                while (clock.Elapsed < duration)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    charges += await call();
                }

                return charges;
            },
            cancellationToken)))).Sum());
    }
}

/// <param name="Name">The rung.</param>
/// <param name="Charges">Made while it was measured.</param>
/// <param name="Seconds">How long that took.</param>
/// <param name="CpuSeconds">Processor time it took.</param>
/// <param name="AllocatedBytes">Where they can be told.</param>
internal sealed record LadderStep(string Name, long Charges, double Seconds, double CpuSeconds, long? AllocatedBytes)
{
    public double Microseconds => CpuSeconds * 1_000_000 / Charges;
}
