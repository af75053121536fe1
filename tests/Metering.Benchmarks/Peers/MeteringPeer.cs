using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// A server of this project's API under one kind of load. Several of them share a server and its accounts; each turn has ids of its own, and the check
/// at the end covers them all.
/// </summary>
internal sealed class MeteringPeer(string name, string what, Func<LoadPlan> planOf, MeteringTarget target) : IPeer
{
    public MeteringPeer(string name, string what, LoadPlan plan, MeteringTarget target)
        : this(name, what, () => plan, target)
    {
    }

    private const string Overloaded = "overloaded";

    public string Name => name;

    public string What => what;

    /// <summary>Charges per second of its last turn; 0 before the first.</summary>
    public double LastPerSecond { get; private set; }

    public async Task<PeerTurn> RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var record = new LoadRecord();
        var run = new LoadRun(planOf() with { Duration = duration }, target.Session.Pattern, target.Session.Totals, target.NextProcess());
        var before = target.CpuSeconds();
        var result = await run.RunAsync(
            sample =>
            {
                record.Add(sample);
                return Task.CompletedTask;
            },
            cancellationToken);
        LastPerSecond = record.ChargesPerSecond;
        return result.Open == 0 && result.Refused.Keys.All(code => code == Overloaded)
            ? new PeerTurn(record.Charged, record.MeasuredSeconds, record.Latency, target.CpuSeconds() - before, record.Refused)
            : throw new InvalidOperationException($"{name} refused or lost charges: {string.Join(", ", result.Refused.Keys)}; {result.Open} without an outcome.");
    }

    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        if (!target.KeepsBooks)
        {
            return null;
        }

        var check = await target.Session.CheckAsync(cancellationToken);
        return check.IsRight ? null : string.Join('\n', check.Wrong);
    }

    public ValueTask DisposeAsync() => target.DisposeAsync();
}

/// <summary>A running server, its accounts, and what they were charged so far.</summary>
/// <param name="session">The accounts.</param>
/// <param name="processIds">The server's processes.</param>
/// <param name="keepsBooks">Whether its accounts can be compared with what was charged; an empty handler's cannot.</param>
/// <param name="server">Ends it.</param>
internal sealed class MeteringTarget(LoadSession session, IReadOnlyList<int> processIds, bool keepsBooks, IAsyncDisposable server) : IAsyncDisposable
{
    private int _turns;
    private bool _disposed;

    public LoadSession Session => session;

    public bool KeepsBooks => keepsBooks;

    public int NextProcess() => ++_turns;

    public double CpuSeconds() => processIds.Sum(ProcessorTime.Of);

    public async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            session.Dispose();
            await server.DisposeAsync();
        }
    }
}
