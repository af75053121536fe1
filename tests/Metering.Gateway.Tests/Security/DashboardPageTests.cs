using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Playwright;

namespace Metering.Gateway.Tests.Security;

/// <summary>The dashboard of Orleans as people see it: in a browser.</summary>
public sealed class DashboardPageTests
{
    [Fact]
    public async Task A_browser_shows_an_administrator_what_grains_do_and_has_nothing_to_complain_of()
    {
        RequireBrowser();
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}", "--Metering:Dashboard=true");
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestKeys.AdminKey);
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(server.Http.BaseAddress!, TestKeys.AdminKey);

        var opened = await page.GotoAsync("/dashboard/");
        Assert.Equal(HttpStatusCode.OK, (HttpStatusCode)opened!.Status);
        await page.GetByText("Cluster Profiling").WaitForAsync();
        (await server.Http.PutAsJsonAsync("/v1/accounts/acme", new { displayName = "Acme" }, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        // It asks anew every second or so, and follows the links of its menu without loading another page.
        await page.GetByRole(AriaRole.Link, new() { Name = "Grains", Exact = true }).ClickAsync();
        var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "AccountGrain" });
        await row.WaitForAsync();
        Assert.Contains("req/sec", await row.InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Link, new() { Name = "Silos", Exact = true }).ClickAsync();
        await page.GetByText("Silo Health").WaitForAsync();
        await page.GetByText("Active", new() { Exact = true }).First.WaitForAsync();

        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task A_browser_with_another_key_than_an_administrators_is_shown_nothing()
    {
        RequireBrowser();
        await using var server = await WholeHost.Start($"--Metering:AdminKey={TestKeys.AdminKey}", "--Metering:Dashboard=true");
        server.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", TestKeys.AdminKey);
        using var made = await server.Http.PostAsJsonAsync("/v1/keys", new { name = "one", role = "operator" }, TestContext.Current.CancellationToken);
        var key = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["key"]!;
        await using var browser = await Browser.StartAsync();
        var page = await browser.OpenAsync(server.Http.BaseAddress!, key);

        var refused = await page.GotoAsync("/dashboard/");

        Assert.Equal(HttpStatusCode.Forbidden, (HttpStatusCode)refused!.Status);
        Assert.DoesNotContain("Grains", await page.InnerTextAsync("body"), StringComparison.Ordinal);
    }

    private static void RequireBrowser()
    {
        if (Browser.Missing is { } missing)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", missing);
            Assert.Skip(missing);
        }
    }
}
