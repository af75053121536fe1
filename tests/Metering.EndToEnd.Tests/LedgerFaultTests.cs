using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>A ledger that cannot be written: the journal keeps the entries, charging goes on, and health says what is wrong.</summary>
public sealed class LedgerFaultTests : StandaloneTest
{
    private static readonly TimeSpan Probe = TimeSpan.FromMilliseconds(50);

    private static readonly Dictionary<string, string> Archiving = new() { ["Ledger"] = "Folder", ["ArchiveInterval"] = "00:00:00.100" };

    private string Ledger => Path.Combine(DataDirectory, "ledger");

    [Fact]
    public async Task A_ledger_that_cannot_be_written_degrades_the_server_which_charges_on_until_it_can()
    {
        var server = await StartReadyAsync(settings: Archiving);
        var api = Call(server);
        await new CallerAccount("acme", "enforce", CallerAccount.Tokens, maxQuantity: 1, grant: 10m).CreateAsync(api, Cancellation);
        Directory.Delete(Ledger, recursive: true);
        await File.WriteAllTextAsync(Ledger, "in the way", Cancellation);

        var charged = await api.ChargeAsync("acme", new { id = "1", meter = "llm.tokens", quantity = "1", mode = "record" }, Cancellation);
        Assert.True(charged.IsSuccess, $"{charged}");
        var reasons = await UntilAsync(server, "degraded");
        Assert.Contains("The ledger does not take what is committed", reasons, StringComparison.Ordinal);

        File.Delete(Ledger);
        Assert.Empty(await UntilAsync(server, "ready"));
        await LedgerCheck.CheckChainsAsync(DataDirectory, Cancellation);
    }

    /// <summary>Waits for a status, and tells its reasons; the test's own time is the limit.</summary>
    private static async Task<string> UntilAsync(StandaloneProcess server, string status)
    {
        using var http = new HttpClient { BaseAddress = server.BaseAddress };
        using var probes = new PeriodicTimer(Probe);
        while (true)
        {
            var health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/healthz/ready", UriKind.Relative), Cancellation)).RootElement;
            if (health.GetProperty("status").GetString() == status)
            {
                return health.TryGetProperty("reasons", out var reasons) ? string.Join(' ', reasons.EnumerateArray().Select(static reason => reason.GetString())) : "";
            }

            await probes.WaitForNextTickAsync(Cancellation);
        }
    }
}
