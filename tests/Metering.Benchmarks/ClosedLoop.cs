using System.Diagnostics;
using HdrHistogram;

namespace Metering.Benchmarks;

/// <summary>
/// A number of connections, each sending its next request when the last is answered. Few threads go round many connections, reading one answer
/// and sending one request at each: two calls of the system for a request and no more, so that on a machine shared with the server the client takes
/// as little of it as it can. A latency includes the wait for the answers before it in the round.
/// </summary>
internal sealed class ClosedLoop : IDisposable
{
    private const int Ok = 200;
    private const int MaxThreads = 2;
    private readonly RawHttpConnection[] _connections;

    private ClosedLoop(RawHttpConnection[] connections) => _connections = connections;

    public static async Task<ClosedLoop> ConnectAsync(Uri target, int connections, CancellationToken cancellationToken)
    {
        var all = Enumerable.Range(0, connections).Select(_ => new RawHttpConnection()).ToArray();
        await Task.WhenAll(all.Select(connection => connection.ConnectAsync(target, cancellationToken)));
        return new ClosedLoop(all);
    }

    /// <summary>Runs for a while.</summary>
    /// <param name="next">The next request of a connection, by the connection's number. Its bytes may be reused once answered.</param>
    /// <param name="duration">For how long.</param>
    /// <param name="latencyMicroseconds">Where latencies are added.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Requests answered per second.</returns>
    public async Task<long> RunAsync(
        Func<int, ReadOnlyMemory<byte>> next, TimeSpan duration, LongConcurrentHistogram latencyMicroseconds, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var threads = Math.Min(MaxThreads, _connections.Length);
        var counts = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Factory.StartNew(
            () => Run(Enumerable.Range(0, _connections.Length).Where(number => number % threads == thread), next, clock, duration, latencyMicroseconds, cancellationToken),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return (long)(counts.Sum() / clock.Elapsed.TotalSeconds);
    }

    private long Run(
        IEnumerable<int> numbers,
        Func<int, ReadOnlyMemory<byte>> next,
        Stopwatch clock,
        TimeSpan duration,
        LongConcurrentHistogram latencyMicroseconds,
        CancellationToken cancellationToken)
    {
        var sentAt = numbers.ToDictionary(number => number, _ => TimeSpan.Zero);
        var round = sentAt.Keys.ToArray();
        foreach (var number in round)
        {
            Send(number);
        }

        var answered = 0L;
        for (var isLast = false; !isLast;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            isLast = clock.Elapsed >= duration;
            foreach (var number in round)
            {
                int status;
                do
                {
                    status = _connections[number].Receive();
                }
                while (status == 0);
                if (status != Ok)
                {
                    throw new InvalidOperationException($"The server refused: {_connections[number].LastAnswer}");
                }

                latencyMicroseconds.RecordValue(Math.Max(1, (long)(clock.Elapsed - sentAt[number]).TotalMicroseconds));
                answered++;
                if (!isLast)
                {
                    Send(number);
                }
            }
        }

        return answered;

        void Send(int number)
        {
            sentAt[number] = clock.Elapsed;
            _connections[number].Send(next(number).Span);
        }
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }
}
