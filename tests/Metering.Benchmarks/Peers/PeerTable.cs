using HdrHistogram;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Peers;

/// <summary>The table of a comparison, as Markdown.</summary>
internal static class PeerTable
{
    public static void Print(IReadOnlyDictionary<IPeer, List<PeerTurn>> turns, string baseline, string limit)
    {
        var medians = turns.ToDictionary(peer => peer.Key.Name, peer => Median(peer.Value.Select(turn => turn.PerSecond)));
        Console.WriteLine($"| what | charges/s | turns from – to | ÷ {baseline} | ÷ {limit} | server CPU µs/charge | p50 ms | p99 ms | refused |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (peer, all) in turns)
        {
            var latency = LoadMeter.NewHistogram();
            all.ForEach(turn => latency.Add(turn.Latency));
            var charges = all.Sum(turn => turn.Charges);
            var cpu = all.Sum(turn => turn.ServerCpuSeconds);
            Console.WriteLine(
                $"| {peer.Name} | {medians[peer.Name]:N0} | {all.Min(turn => turn.PerSecond):N0} – {all.Max(turn => turn.PerSecond):N0} | {Ratio(peer.Name, baseline)} | {Ratio(peer.Name, limit)} | {(cpu > 0 ? $"{cpu * 1_000_000 / charges:F2}" : "–")} | {Milliseconds(latency, 50)} | {Milliseconds(latency, 99)} | {all.Sum(turn => turn.Refused):N0} |");
        }

        Console.WriteLine();
        foreach (var peer in turns.Keys)
        {
            Console.WriteLine($"{peer.Name}: {peer.What}");
        }

        string Ratio(string name, string other) => medians.TryGetValue(other, out var to) ? $"{medians[name] / to:F2}" : "–";
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static string Milliseconds(LongHistogram latency, double percentile) =>
        latency.TotalCount == 0 ? "–" : $"{latency.GetValueAtPercentile(percentile) / 1_000d:F2}";
}
