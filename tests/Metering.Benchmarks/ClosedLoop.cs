using System.Diagnostics;
using System.Net.Sockets;
using HdrHistogram;

namespace Metering.Benchmarks;

/// <summary>
/// A number of connections, each sending its next request when the last is answered. Few threads wait on many sockets, as load generators
/// in C do: a task for each connection would take more of the machine than the server does.
/// </summary>
internal sealed class ClosedLoop : IDisposable
{
    private const int Ok = 200;
    private const int MaxThreads = 2;
    private const int PatienceMicroseconds = 100_000;
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
        var waiting = new Dictionary<Socket, (int Number, TimeSpan SentAt)>();
        foreach (var number in numbers)
        {
            Send(number);
        }

        var answered = 0L;
        var readable = new List<Socket>();
        while (waiting.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            readable.Clear();
            readable.AddRange(waiting.Keys);
            Socket.Select(readable, null, null, PatienceMicroseconds);
            foreach (var socket in readable)
            {
                var (number, sentAt) = waiting[socket];
                var status = _connections[number].Receive();
                if (status == 0)
                {
                    continue;
                }

                if (status != Ok)
                {
                    throw new InvalidOperationException($"The server refused: {_connections[number].LastAnswer}");
                }

                latencyMicroseconds.RecordValue(Math.Max(1, (long)(clock.Elapsed - sentAt).TotalMicroseconds));
                answered++;
                waiting.Remove(socket);
                if (clock.Elapsed < duration)
                {
                    Send(number);
                }
            }
        }

        return answered;

        void Send(int number)
        {
            waiting[_connections[number].Socket] = (number, clock.Elapsed);
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
