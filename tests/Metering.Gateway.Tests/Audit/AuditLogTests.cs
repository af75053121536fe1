using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Tests.Security;

namespace Metering.Gateway.Tests.Audit;

/// <summary>The audit log of a whole server.</summary>
public sealed class AuditLogTests
{
    [Fact]
    public async Task It_tells_who_changed_what_from_where_and_what_there_was_before_and_after()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");
        As(server, TestKeys.AdminKey);
        var made = (await server.Post("/v1/keys", """{"name":"support","role":"operator"}""")).Json;
        As(server, (string)made["key"]!);
        await server.Put("/v1/accounts/acme", """{"displayName":"Acme"}""");
        await server.Put("/v1/accounts/acme", """{"displayName":"Acme & Sons","creditLimit":"10"}""");
        await server.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"100"}""");
        await server.Put("/v1/accounts/acme/budgets/search", """{"window":"day","limit":"20"}""");
        await server.Put("/v1/accounts/acme/budgets/search", """{"window":"day","limit":"25"}""");
        await server.Send(HttpMethod.Delete, "/v1/accounts/acme/budgets/search", null);
        await server.Put("/v1/accounts/acme/policy", """{"frozen":true}""");
        await server.Send(HttpMethod.Delete, "/v1/accounts/acme/grants/plan", null);
        await server.Post("/v1/accounts/none/grants", """{"id":"g","amount":"1"}""");
        await server.Send(HttpMethod.Delete, "/v1/accounts/acme", null);
        (await server.Get("/v1/audit")).IsProblem(HttpStatusCode.Forbidden, "forbidden");

        As(server, TestKeys.AdminKey);
        var entries = await Entries(server, "");
        var ofSupport = entries.Where(entry => (string?)entry["actor"] == $"key:{made["id"]}").ToList();

        Assert.Equal(
            [
                "account.close accounts/acme done", "grant.add accounts/none/grants/g refused", "grant.void accounts/acme/grants/plan done", "policy.put accounts/acme/policy done",
                "budget.delete accounts/acme/budgets/search done", "budget.put accounts/acme/budgets/search done", "budget.put accounts/acme/budgets/search done", "grant.add accounts/acme/grants/plan done",
                "account.put accounts/acme done", "account.put accounts/acme done",
            ],
            ofSupport.Select(static entry => $"{entry["operation"]} {entry["resource"]} {entry["outcome"]}"));
        Assert.All(ofSupport, static entry => Assert.Equal(("support", "127.0.0.1"), ((string?)entry["actorName"], (string?)entry["address"])));
        Assert.Equal(["setting:AdminKey key.add"], entries.Except(ofSupport).Select(static entry => $"{entry["actor"]} {entry["operation"]}"));
        Changed(ofSupport[0], "status", "frozen", "closed");
        Changed(ofSupport[2], "status", "active", null);
        Changed(ofSupport[3], "frozen", "false", "true");
        Changed(ofSupport[4], "limit", "25", null);
        Changed(ofSupport[5], "limit", "20", "25");
        Changed(ofSupport[6], "limit", null, "20");
        Changed(ofSupport[7], "amount", null, "100");
        Changed(ofSupport[8], "displayName", "Acme", "Acme & Sons");
        Changed(ofSupport[9], "displayName", null, "Acme");
        Assert.Equal(("account_not_found", "1"), ((string?)ofSupport[1]["refusal"], (string?)ofSupport[1]["requested"]!["amount"]));
    }

    [Fact]
    public async Task It_can_be_asked_in_pages_by_actor_resource_operation_and_time_and_written_out()
    {
        await using var server = await WholeHost.Start();
        for (var i = 0; i < 25; i++)
        {
            await server.Put($"/v1/accounts/a{i}", """{"displayName":"One, \"two\""}""");
        }

        var paged = new List<string>();
        var cursor = "";
        do
        {
            var page = (await server.Get($"/v1/audit?limit=4{cursor}")).Json;
            paged.AddRange(page["entries"]!.AsArray().Select(static entry => (string)entry!["resource"]!));
            cursor = (string?)page["cursor"] is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(Enumerable.Range(0, 25).Reverse().Select(static i => $"accounts/a{i}"), paged);
        Assert.Equal(6, (await Entries(server, "?resource=accounts/a2*&actor=local&operation=account.put,grant.add")).Count);
        Assert.Empty(await Entries(server, "?operation=grant.add"));
        Assert.Empty(await Entries(server, "?to=2026-01-01T00:00:00Z"));

        var lines = (await server.Get("/v1/audit?format=jsonl")).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(paged, lines.Select(static line => (string)JsonNode.Parse(line)!["resource"]!));
        var table = await server.Get("/v1/audit?format=csv");
        var rows = table.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(("text/csv; charset=utf-8", 26), (table.ContentType, rows.Length));
        Assert.Contains(",local,,127.0.0.1,account.put,accounts/a24,done,,,,\"{\"\"account\"\":\"\"a24\"\"", rows[1], StringComparison.Ordinal);
        var check = (await server.Get("/v1/audit/verify")).Json;
        Assert.Equal((true, 1, 50, 64), ((bool)check["holds"]!, (int)check["first"]!, (int)check["last"]!, ((string)check["hash"]!).Length));

        await server.Restart();
        Assert.Equal(25, (await Entries(server, "")).Count);
        Assert.Equal((string?)check["hash"], (string?)(await server.Get("/v1/audit/verify")).Json["hash"]);
    }

    [Fact]
    public async Task No_secret_is_in_it()
    {
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}");
        As(server, TestKeys.AdminKey);
        await server.Put("/v1/accounts/acme", "{}");
        var made = (await server.Post("/v1/keys", """{"name":"shop","role":"charge"}""")).Json;
        var rotated = (await server.Post($"/v1/keys/{made["id"]}/rotate", """{"overlapSeconds":600}""")).Json;
        var token = (await server.Post("/v1/accounts/acme/tokens", "{}")).Json;
        await server.Send(HttpMethod.Delete, $"/v1/keys/{made["id"]}", null);

        var all = (await server.Get("/v1/audit?format=jsonl")).Text;

        Assert.Equal(
            ["key.revoke", "token.make", "key.rotate", "key.add", "account.put"],
            all.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => (string)JsonNode.Parse(line)!["operation"]!));
        Assert.Contains("revokedAt", all, StringComparison.Ordinal);
        foreach (var secret in new[] { (string)made["key"]!, (string)rotated["key"]!, (string)token["token"]!, TestKeys.AdminKey })
        {
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
            Assert.DoesNotContain(secret[^32..], all, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), all, StringComparison.Ordinal);
            Assert.DoesNotContain(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(secret))), all, StringComparison.OrdinalIgnoreCase);
        }
    }

    private static void Changed(JsonNode entry, string field, string? before, string? after) =>
        Assert.Equal((before, after), (entry["before"]?[field]?.ToString(), entry["after"]?[field]?.ToString()));

    private static async Task<List<JsonNode>> Entries(WholeHost server, string query)
    {
        var reply = await server.Get($"/v1/audit{query}");
        Assert.True(reply.Status == HttpStatusCode.OK, reply.Text);
        return [.. reply.Json["entries"]!.AsArray().Select(static entry => entry!)];
    }

    private static void As(WholeHost server, string key) => server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
}
