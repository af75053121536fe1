using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.LoadTest.Run;

/// <summary>A report for programs. Names say their units.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    public static Task WriteAsync(LoadReport report, string file, CancellationToken cancellationToken) =>
        File.WriteAllTextAsync(file, Text(report), cancellationToken);

    public static string Text(LoadReport report)
    {
        var (plan, record, result, check) = (report.Plan, report.Record, report.Result, report.Check);
        return JsonSerializer.Serialize(
            new
            {
                // The key is the one thing of a plan that must not be handed round.
                Plan = plan with { Key = null },
                record.ChargesPerSecond,
                record.Charged,
                record.Refused,
                record.MeasuredSeconds,
                LatencyMilliseconds = LoadReport.Percentiles.ToDictionary(LoadReport.NameOf, report.Milliseconds),
                RefusalMilliseconds = LoadReport.Percentiles.ToDictionary(LoadReport.NameOf, result.RefusalMilliseconds),
                RefusedByCode = result.Refused,
                CallsSentAgain = result.Resent,
                ChargesNotSent = result.Unsent,
                ChargesWithoutOutcome = result.Open,
                ChargesAnsweredAsRepeat = result.Repeated,
                ClientCpuSeconds = result.CpuSeconds,
                Check = new { report.IsRight, check.Accounts, check.Charges, check.Lost, check.Doubled, check.Untold, check.WrongAccounts, check.Wrong },
                Seconds = record.Seconds.Select(second => new
                {
                    second.Number,
                    second.IsWarmUp,
                    second.Length,
                    second.ChargesPerSecond,
                    second.Refused,
                    P50Milliseconds = second.Milliseconds(50),
                    P99Milliseconds = second.Milliseconds(99),
                    MaxMilliseconds = second.Milliseconds(100),
                }),
            },
            Json);
    }
}
