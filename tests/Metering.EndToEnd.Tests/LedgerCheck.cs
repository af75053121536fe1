using System.Globalization;
using Metering.Ledger.Reading;
using Metering.Ledger.Segments;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// Compares the ledger with what callers wrote down: every acknowledged charge is in it exactly once, at its sequence and with its credits, without a gap before
/// or after; and its chains hold.
/// </summary>
internal static class LedgerCheck
{
    /// <summary>What the server answers, of what is archived and what is not.</summary>
    internal static async Task CheckAnswersAsync(Uri server, IReadOnlyList<ChargeRecord> records, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = server };
        foreach (var charges in records.Where(static record => record.Fate == ChargeFate.Charged).GroupBy(static record => record.Account.Name))
        {
            var table = await http.GetStringAsync(new Uri($"/v1/accounts/{charges.Key}/ledger?format=csv", UriKind.Relative), cancellationToken);
            var entries = table.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(static line => line.Split(',')).ToList();
            Assert.Equal(Enumerable.Range(1, entries.Count), entries.Select(static entry => int.Parse(entry[0], CultureInfo.InvariantCulture)));
            var found = entries.Where(static entry => entry[4] == "charged").ToDictionary(static entry => entry[5], static entry => (Sequence: entry[0], Credits: entry[8]));
            Assert.Equal(charges.Count(), found.Count);
            foreach (var charge in charges)
            {
                Assert.True(found.TryGetValue(charge.Id, out var entry), $"{charge} is not in the ledger.");
                Assert.Equal((charge.Sequence, -charge.Credits), (long.Parse(entry.Sequence, CultureInfo.InvariantCulture), decimal.Parse(entry.Credits, CultureInfo.InvariantCulture)));
            }
        }
    }

    /// <summary>What lies in the folder, with no server's help.</summary>
    /// <returns>How many rows there are.</returns>
    internal static async Task<long> CheckChainsAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        using var reader = new LedgerReader(FolderSegmentStore.OpenToRead(Path.Combine(dataDirectory, "ledger")));
        var report = await reader.VerifyAsync(null, cancellationToken);
        Assert.True(report.Holds, $"Damaged: {string.Join(", ", report.Damaged)}. Broken: {string.Join(", ", report.Breaks)}.");
        return report.Entries;
    }
}
