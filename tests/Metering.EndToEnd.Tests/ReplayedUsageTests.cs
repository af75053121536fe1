using System.Globalization;
using System.Text.Json;
using DuckDB.NET.Data;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.EndToEnd.Tests;

/// <summary>The ledger of a replayed trace: what the API sums, what anybody can sum of the files, and what the trace itself says.</summary>
public sealed class ReplayedUsageTests : StandaloneTest
{
    /// <summary>Each call of the trace has two lines. In larger segments it is less: these have some 2,000 entries each.</summary>
    private const int MaxBytesPerLine = 24;

    private static readonly string[] Services = ["code", "conv"];
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    [Fact]
    public async Task Usage_of_a_replayed_trace_is_what_its_files_say_by_service_and_hour()
    {
        var tokens = Services.ToDictionary(static service => service, TokensByRow);
        var calls = tokens.Values.Sum(static rows => rows.Count);
        var began = DateTimeOffset.UtcNow;
        var server = await StartReadyAsync(settings: new Dictionary<string, string> { ["Ledger"] = "Folder", ["ArchiveInterval"] = "00:00:05" });
        var replay = await Tool.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Metering.LoadTest.dll"), "replay", "--target", $"{server.BaseAddress}", "--run", "usage"], AppContext.BaseDirectory, Cancellation);
        Assert.True(replay.ExitCode == 0, $"The replay failed: {replay}");

        // Before the archive has all of it, and after: the same.
        var before = await UsageAsync(server, began);
        Assert.Equal(Services.ToDictionary(static service => service, service => tokens[service].Values.Sum()), Total(before));
        var folder = Path.Combine(DataDirectory, "ledger");
        await ArchivedAsync(folder, calls);
        var after = await UsageAsync(server, began);
        Assert.Equal(before, after);

        var file = Path.Combine(DataDirectory, "all.parquet");
        using (var reader = new LedgerReader(FolderSegmentStore.OpenToRead(folder)))
        {
            await reader.ExportAsync(file, null, Cancellation);
        }

        // Only the hour of a call is the file's to say; its tokens are the trace's.
        var hours = Ask(file, "SELECT strftime(happened_at, '%Y-%m-%dT%H'), id FROM ledger WHERE kind = 'charged' AND line = 0");
        Assert.Equal(calls, hours.Count);
        var counted = hours
            .Select(static row => (Hour: row[0], Id: row[1].Split('-')))
            .GroupBy(static call => (call.Hour, Service: call.Id[^2]))
            .ToDictionary(static group => group.Key, group => group.Sum(call => tokens[group.Key.Service][int.Parse(call.Id[^1], CultureInfo.InvariantCulture)]));
        Assert.Equal(counted, after.ToDictionary(static row => row.Key, static row => row.Value.Tokens));

        // What anybody gets who points an engine at the exported file.
        var summed = Ask(
            file, "SELECT strftime(happened_at, '%Y-%m-%dT%H'), dimensions['service'], sum(quantity), -sum(credits), count(*) FROM ledger WHERE meter = 'llm.tokens' GROUP BY ALL");
        Assert.Equal(
            summed.ToDictionary(static row => (row[0], row[1]), static row => (Amount(row[2]), Amount(row[3]), long.Parse(row[4], CultureInfo.InvariantCulture))),
            after.ToDictionary(static row => row.Key, static row => row.Value));

        var bytes = Directory.GetFiles(folder, "*.parquet", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
        var counts = Ask(file, "SELECT count(*), count(DISTINCT (account, sequence)) FROM ledger")[0];
        var (lines, entries) = (long.Parse(counts[0], CultureInfo.InvariantCulture), long.Parse(counts[1], CultureInfo.InvariantCulture));
        Say(FormattableString.Invariant($"{bytes:N0} bytes of segments for {entries:N0} entries of {lines:N0} lines: {(double)bytes / lines:F1} bytes a line, {(double)bytes / entries:F1} an entry."));
        Assert.True(bytes <= MaxBytesPerLine * lines, $"Segments have {(double)bytes / lines:F1} bytes a line.");
    }

    private static Dictionary<int, decimal> TokensByRow(string service) => File
        .ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "azure-llm-trace", $"{service}.csv")).Skip(1)
        .Select(static (line, i) => (Row: i + 1, Fields: line.Split(',')))
        .ToDictionary(static row => row.Row, static row => Amount(row.Fields[1]) + Amount(row.Fields[2]));

    private static Dictionary<string, decimal> Total(Dictionary<(string Hour, string Service), (decimal Tokens, decimal Credits, long Lines)> usage) =>
        usage.GroupBy(static row => row.Key.Service).ToDictionary(static group => group.Key, static group => group.Sum(static row => row.Value.Tokens));

    private static async Task<Dictionary<(string Hour, string Service), (decimal Tokens, decimal Credits, long Lines)>> UsageAsync(StandaloneProcess server, DateTimeOffset began)
    {
        using var http = new HttpClient { BaseAddress = server.BaseAddress };
        var hour = new DateTimeOffset(began.Ticks - (began.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero);
        using var reply = JsonDocument.Parse(await http.GetStringAsync(
            new Uri($"/v1/usage?from={hour:yyyy-MM-ddTHH:mm:ssZ}&to={hour.AddHours(24):yyyy-MM-ddTHH:mm:ssZ}&window=hour&groupBy=service&meter=llm.tokens", UriKind.Relative), Cancellation));
        return reply.RootElement.GetProperty("rows").EnumerateArray().ToDictionary(
            static row => (row.GetProperty("from").GetString()![..13], row.GetProperty("dimensions").GetProperty("service").GetString()!),
            static row => (Amount(row.GetProperty("quantity").GetString()!), Amount(row.GetProperty("credits").GetString()!), row.GetProperty("lines").GetInt64()));
    }

    private static async Task ArchivedAsync(string folder, int calls)
    {
        while (true)
        {
            var files = Path.Combine(folder, "date=*", "hour=*", "*.parquet");
            if (Directory.Exists(folder) && Directory.GetFiles(folder, "*.parquet", SearchOption.AllDirectories).Length > 0
                && long.Parse(Ask(files, "SELECT count(*) FROM ledger WHERE kind = 'charged' AND line = 0")[0][0], CultureInfo.InvariantCulture) >= calls)
            {
                return;
            }

            await Task.Delay(PollInterval, Cancellation);
        }
    }

    private static decimal Amount(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Asks DuckDB, which knows nothing of us; values as text.</summary>
    private static List<string[]> Ask(string file, string question)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"CREATE VIEW ledger AS SELECT * FROM read_parquet('{file}', hive_partitioning = false)";
        command.ExecuteNonQuery();
        command.CommandText = question;
        using var read = command.ExecuteReader();
        var rows = new List<string[]>();
        while (read.Read())
        {
            rows.Add([.. Enumerable.Range(0, read.FieldCount).Select(i => Convert.ToString(read.GetValue(i), CultureInfo.InvariantCulture)!)]);
        }

        return rows;
    }
}
