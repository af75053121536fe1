using System.Globalization;
using Metering.Cluster.Faults;

namespace Metering.Cluster;

/// <summary>What is left of a round that failed, for whoever looks for the cause.</summary>
internal static class Evidence
{
    /// <summary>Writes the faults, and all that callers know of the accounts they name.</summary>
    public static async Task WriteAsync(string directory, RoundReport report)
    {
        await File.WriteAllLinesAsync(Path.Combine(directory, "faults.txt"), [report.ToString(), .. report.Verdict.Faults]);
        foreach (var account in report.Accounts.Where(account => report.Verdict.Faults.Any(fault => fault.Contains(account.Name, StringComparison.Ordinal))))
        {
            var lines = account.Operations.OrderBy(operation => operation.FirstSentAt).Select(operation => operation.ToString())
                .Concat(account.Readings.Select(reading => string.Create(CultureInfo.InvariantCulture, $"{reading.SentAt.TotalSeconds:F3} s {reading}")));
            await File.WriteAllLinesAsync(Path.Combine(directory, $"{account.Name}.txt"), lines);
        }
    }
}
