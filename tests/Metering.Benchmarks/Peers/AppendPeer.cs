using System.Diagnostics;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// What the disk can do: a file that is appended to and synced, record by record, with the bytes that the journal writes for a charge
/// and as many charges in a record as one call carries. No server, no check, nobody to answer.
/// </summary>
internal sealed class AppendPeer(string name, int bytesPerCharge, int chargesPerRecord) : IPeer
{
    private readonly TemporaryDirectory _directory = new();

    public string Name => name;

    public string What => $"append {chargesPerRecord} x {bytesPerCharge} bytes, fsync";

    public Task<PeerTurn> RunAsync(TimeSpan duration, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var latency = LoadMeter.NewHistogram();
            var record = new byte[bytesPerCharge * chargesPerRecord];
            new Random(1).NextBytes(record);
            using var file = File.OpenHandle(Path.Combine(_directory.Path, "log"), FileMode.Create, FileAccess.Write);
            var (charges, length) = (0L, 0L);
            var clock = Stopwatch.StartNew();
            while (clock.Elapsed < duration)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var startedAt = clock.Elapsed;
                RandomAccess.Write(file, record, length);
                RandomAccess.FlushToDisk(file);
                length += record.Length;
                charges += chargesPerRecord;
                latency.RecordValueWithCount(Math.Max(1, (long)(clock.Elapsed - startedAt).TotalMicroseconds), chargesPerRecord);
            }

            return new PeerTurn(charges, clock.Elapsed.TotalSeconds, latency, ServerCpuSeconds: 0, Refused: 0);
        },
        cancellationToken);

    public Task<string?> CheckAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }
}
