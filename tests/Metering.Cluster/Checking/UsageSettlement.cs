using System.Globalization;
using System.Text.Json;
using Metering.Cluster.Load;

namespace Metering.Cluster.Checking;

/// <summary>
/// Compares usage across accounts, which each silo adds up of its own partitions, with what callers wrote down, when they are at rest: by account, meter and team, by one of these, and the
/// accounts that took most.
/// </summary>
/// <param name="callers">Who wrote it down.</param>
/// <param name="others">What others were told, of accounts of their own.</param>
/// <param name="begunAt">Before their first request, and after everything that others did.</param>
internal sealed class UsageSettlement(Callers callers, IReadOnlyCollection<UsageLine> others, DateTimeOffset begunAt)
{
    private const int Top = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <returns>Everything that is not as it must be, in words.</returns>
    public async Task<IReadOnlyList<string>> RunAsync()
    {
        var used = callers.Accounts.SelectMany(static account => account.Operations).Where(static operation => operation.Fate == Fate.Done).SelectMany(Lines).Concat(others).ToList();
        if (used.Count == 0)
        {
            return ["Nobody used anything: there is no usage to compare."];
        }

        var faults = new List<string>();
        await CompareAsync("groupBy=account,meter,team", used, static line => $"{line.Account} {line.Meter} {line.Team}", faults);
        await CompareAsync("groupBy=meter", used, static line => $" {line.Meter} ", faults);
        await CompareAsync("groupBy=team", used, static line => $"  {line.Team}", faults);

        // Accounts that took equally much may come in any order, and either of them last.
        var most = Sums(used, static line => $"{line.Account}  ").Values.Select(static sum => sum.Credits).OrderDescending().Take(Top).ToList();
        var told = await ReadAsync($"groupBy=account&top={Top}");
        if (!most.SequenceEqual(told.Select(static row => row.Sum.Credits)))
        {
            faults.Add($"The accounts that took most took {Text(most)}, and usage says {Text(told.Select(static row => row.Sum.Credits))}");
        }

        return faults;
    }

    private async Task CompareAsync(string asked, List<UsageLine> used, Func<UsageLine, string> group, List<string> faults)
    {
        var told = (await ReadAsync(asked)).ToDictionary(static row => row.Group, static row => row.Sum);
        var sums = Sums(used, group);
        foreach (var name in sums.Keys.Union(told.Keys))
        {
            var (expected, found) = (sums.GetValueOrDefault(name), told.GetValueOrDefault(name));
            if (expected != found)
            {
                faults.Add($"Usage with {asked}: of '{name}' callers were told {expected?.ToString() ?? "nothing"}, and usage says {found?.ToString() ?? "nothing"}");
            }
        }
    }

    private async Task<IReadOnlyList<(string Group, Sum Sum)>> ReadAsync(string asked)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/v1/usage?from={begunAt.UtcDateTime:O}&to={DateTimeOffset.UtcNow.AddDays(1).UtcDateTime:O}&{asked}");
        var answer = await callers.InsistAsync(HttpMethod.Get, path, null, Patience);
        return answer.IsSuccess
            ? [.. answer.Body.GetProperty("rows").EnumerateArray().Select(static row => (
                $"{Value(row, "account")} {Value(row, "meter")} {(row.TryGetProperty("dimensions", out var dimensions) ? Value(dimensions, "team") : "")}",
                new Sum(row.Amount("quantity"), row.Amount("credits"), row.GetProperty("lines").GetInt64())))]
            : throw new InvalidOperationException($"{path} was answered with {answer}");
    }

    private static Dictionary<string, Sum> Sums(List<UsageLine> used, Func<UsageLine, string> group) => used
        .GroupBy(group)
        .ToDictionary(static lines => lines.Key, static lines => new Sum(lines.Sum(static line => line.Quantity), lines.Sum(static line => line.Credits), lines.Count(static line => line.Quantity >= 0m)));

    private static IEnumerable<UsageLine> Lines(Operation operation) => operation switch
    {
        ChargeOperation charge => [new UsageLine(charge.Account.Name, charge.Account.Kind.Meter, charge.Team ?? "", charge.Quantity, charge.Credits)],
        SettleOperation settle => [new UsageLine(settle.Account.Name, settle.Account.Kind.Meter, "", settle.Quantity, settle.Credits)],
        ReversalOperation reversal => [new UsageLine(reversal.Account.Name, reversal.Account.Kind.Meter, reversal.Charge.Team ?? "", -reversal.Charge.Quantity, -reversal.Credits)],
        _ => [],
    };

    private static string Value(JsonElement row, string name) => row.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static string Text(IEnumerable<decimal> amounts) => string.Join(", ", amounts.Select(static amount => amount.Text()));

    private sealed record Sum(decimal Quantity, decimal Credits, long Lines);
}
