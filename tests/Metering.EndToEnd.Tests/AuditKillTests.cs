using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.EndToEnd.Tests;

/// <summary>Whatever an administrator changed is in the audit log, whenever the server was killed.</summary>
public sealed class AuditKillTests : StandaloneTest
{
    private const int Administrators = 8;
    private const int AcknowledgedBeforeKill = 60;

    [Fact]
    public async Task No_change_is_without_an_entry_after_a_kill_in_the_midst_of_many()
    {
        var first = await StartReadyAsync();
        var acknowledged = new ConcurrentBag<string>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var before = new HttpClient { BaseAddress = first.BaseAddress };
        var administrators = Enumerable.Range(0, Administrators).Select(async administrator =>
        {
            for (var i = 0; ; i++)
            {
                var account = $"a{administrator}-{i}";
                try
                {
                    using var body = new StringContent("{}", Encoding.UTF8, "application/json");
                    using var reply = await before.PutAsync(new Uri($"/v1/accounts/{account}", UriKind.Relative), body, Cancellation);
                    reply.EnsureSuccessStatusCode();
                }
                catch (HttpRequestException)
                {
                    return;
                }

                acknowledged.Add(account);
                if (acknowledged.Count >= AcknowledgedBeforeKill)
                {
                    enough.TrySetResult();
                }
            }
        }).ToList();
        await enough.Task.WaitAsync(Cancellation);
        await first.KillAsync();
        await Task.WhenAll(administrators);

        var second = await StartReadyAsync();
        using var after = new HttpClient { BaseAddress = second.BaseAddress };
        var entries = await EntriesAsync(after);
        var accounts = await AccountsAsync(after);

        var outcomes = entries.ToDictionary(static entry => (string)entry["resource"]!, static entry => (string)entry["outcome"]!);
        Assert.All(acknowledged, account => Assert.Equal("done", outcomes[$"accounts/{account}"]));
        Assert.All(accounts, account => Assert.True(outcomes.ContainsKey($"accounts/{account}"), $"{account} was created, and there is no entry of it."));
        Assert.All(outcomes.Values, static outcome => Assert.Contains(outcome, new[] { "done", "pending" }));
        Assert.InRange(outcomes.Values.Count(static outcome => outcome == "pending"), 0, Administrators);
        var check = (await after.GetFromJsonAsync<JsonNode>(new Uri("/v1/audit/verify", UriKind.Relative), Cancellation))!;
        Assert.True((bool)check["holds"]!, check.ToJsonString());
    }

    private static async Task<List<JsonNode>> EntriesAsync(HttpClient http)
    {
        var lines = await http.GetStringAsync(new Uri("/v1/audit?format=jsonl&operation=account.put", UriKind.Relative), Cancellation);
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonNode.Parse(line)!)];
    }

    private static async Task<List<string>> AccountsAsync(HttpClient http)
    {
        var accounts = new List<string>();
        var cursor = "";
        do
        {
            var page = (await http.GetFromJsonAsync<JsonNode>(new Uri($"/v1/accounts?limit=100{cursor}", UriKind.Relative), Cancellation))!;
            accounts.AddRange(page["accounts"]!.AsArray().Select(static account => (string)account!["account"]!));
            cursor = (string?)page["cursor"] is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return accounts;
    }
}
