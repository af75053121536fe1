using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Metering.Benchmarks.Peers;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks;

/// <summary>
/// What it costs to ask who calls and to tell what goes on: a server that asks nobody and measures nothing, one that measures, and one that asks for a key too, in turns, for single charges and for streams;
/// with a key for everything, and with one for some accounts and meters, whose charges are looked at one by one.
/// </summary>
internal sealed class SecurityBenchmark(int accounts, int rounds, TimeSpan turn)
{
    private const string AdminKey = "the-admin-key-of-a-server-that-is-measured";

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(6);

    private static readonly (CallKind Kind, int Connections, int Calls, int Charges)[] Ways =
    [
        (CallKind.Http, 64, 1, 1), (CallKind.Unary, 4, 32, 1), (CallKind.Stream, 4, 8, 500),
    ];

    private int _runs;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var bare = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken, new Dictionary<string, string> { ["OTEL_SDK_DISABLED"] = "true" });
        await using var open = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken);
        await using var guarded = await BenchmarkServer.StartAsync(accounts: 0, cancellationToken, new Dictionary<string, string> { ["AdminKey"] = AdminKey });
        var all = await MakeKeyAsync(guarded, new { name = "all", role = "operator" }, cancellationToken);
        var some = await MakeKeyAsync(guarded, new { name = "some", role = "charge", accounts = new[] { "some-*" }, meters = new[] { "llm.*", "api.*" } }, cancellationToken);
        Side[] sides =
        [
            new("neither", "bare", bare, null, await OpenAsync(bare, null, "bare", cancellationToken)),
            new("telemetry", "open", open, null, await OpenAsync(open, null, "open", cancellationToken)),
            new("telemetry, a key for everything", "all", guarded, all, await OpenAsync(guarded, all, "all", cancellationToken)),
            new("telemetry, a key for some accounts and meters", "some", guarded, some, await OpenAsync(guarded, all, "some", cancellationToken)),
        ];
        Console.WriteLine($"{accounts:N0} accounts, Zipf; {rounds} rounds of {turn.TotalSeconds:0.#} s a turn; client on the same machine");
        Console.WriteLine("| calls | server | charges/s | ÷ neither | server CPU µs/charge | more, µs |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var way in Ways)
        {
            var turns = sides.ToDictionary(side => side, _ => new List<(double Rate, double Microseconds)>());
            foreach (var side in sides)
            {
                await RunAsync(side, Plan(side, way) with { Duration = WarmUp }, cancellationToken);
            }

            for (var round = 0; round < rounds; round++)
            {
                foreach (var side in sides)
                {
                    turns[side].Add(await RunAsync(side, Plan(side, way), cancellationToken));
                }
            }

            var (rate, microseconds) = Median(turns[sides[0]]);
            foreach (var side in sides)
            {
                var (its, costs) = Median(turns[side]);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {way.Kind} | {side.Name} | {its:N0} | {its / rate:F2} | {costs:F2} | {costs - microseconds:F2} |"));
            }
        }

        var isRight = true;
        foreach (var side in sides)
        {
            var check = await side.Session.CheckAsync(cancellationToken);
            Console.WriteLine($"{side.Name}: {check.Charges:N0} charges acknowledged, lost {check.Lost}, doubled {check.Doubled}");
            isRight &= check.IsRight;
            side.Session.Dispose();
        }

        return isRight;
    }

    private async Task<(double Rate, double Microseconds)> RunAsync(Side side, LoadPlan plan, CancellationToken cancellationToken)
    {
        var record = new LoadRecord();
        var cpu = ProcessorTime.Of(side.Server.Process.ProcessId);
        await new LoadRun(plan, side.Session.Pattern, side.Session.Totals, ++_runs).RunAsync(
            sample =>
            {
                record.Add(sample);
                return Task.CompletedTask;
            },
            cancellationToken);
        return (record.Charged / plan.Duration.TotalSeconds, (ProcessorTime.Of(side.Server.Process.ProcessId) - cpu) * 1_000_000 / Math.Max(1, record.Charged));
    }

    private async Task<LoadSession> OpenAsync(BenchmarkServer server, string? key, string run, CancellationToken cancellationToken)
    {
        var session = await LoadSession.OpenAsync(Plan(server, key, run, Ways[0]), cancellationToken);
        await session.PrepareAsync(cancellationToken);
        return session;
    }

    private static async Task<string> MakeKeyAsync(BenchmarkServer server, object key, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = server.Process.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        using var made = await http.PostAsJsonAsync("/v1/keys", key, cancellationToken);
        return (await made.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("key").GetString()!;
    }

    private LoadPlan Plan(Side side, (CallKind Kind, int Connections, int Calls, int Charges) way) => Plan(side.Server, side.Key, side.Run, way);

    private LoadPlan Plan(BenchmarkServer server, string? key, string run, (CallKind Kind, int Connections, int Calls, int Charges) way) => new()
    {
        Kind = way.Kind,
        Targets = [server.Process.BaseAddress],
        GrpcTargets = [server.GrpcAddress],
        Connections = way.Connections,
        CallsPerConnection = way.Calls,
        ChargesPerCall = way.Charges,
        Accounts = accounts,
        Mix = MixKind.Zipf,
        ZipfExponent = 1,
        HotShare = 1,
        WarmUp = TimeSpan.Zero,
        Duration = turn,
        Run = run,
        Seed = 1,
        Key = key,
    };

    private static (double Rate, double Microseconds) Median(List<(double Rate, double Microseconds)> turns) =>
        (turns.Select(static turn => turn.Rate).Order().ElementAt(turns.Count / 2), turns.Select(static turn => turn.Microseconds).Order().ElementAt(turns.Count / 2));

    private sealed record Side(string Name, string Run, BenchmarkServer Server, string? Key, LoadSession Session);
}
