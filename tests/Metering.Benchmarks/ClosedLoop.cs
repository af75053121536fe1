using System.Diagnostics;
using HdrHistogram;

namespace Metering.Benchmarks;

/// <summary>A number of connections, each sending its next request when the last is answered.</summary>
internal sealed class ClosedLoop : IDisposable
{
    private const int Ok = 200;
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
        var counts = await Task.WhenAll(_connections.Select((connection, number) => Task.Run(
            async () =>
            {
                var answered = 0L;
                while (clock.Elapsed < duration)
                {
                    var sentAt = clock.Elapsed;
                    if (await connection.SendAsync(next(number), cancellationToken) != Ok)
                    {
                        throw new InvalidOperationException($"The server refused: {connection.LastAnswer}");
                    }

                    latencyMicroseconds.RecordValue(Math.Max(1, (long)(clock.Elapsed - sentAt).TotalMicroseconds));
                    answered++;
                }

                return answered;
            },
            cancellationToken)));
        return (long)(counts.Sum() / clock.Elapsed.TotalSeconds);
    }

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }
    }
}
