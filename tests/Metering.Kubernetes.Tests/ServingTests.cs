using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using k8s.Models;
using Metering.Kubernetes.Tests.Building;
using Metering.Kubernetes.Tests.Checks;
using Metering.TestServers;

namespace Metering.Kubernetes.Tests;

/// <summary>The images' programs, with the environment, the stores' arguments and the ports of the manifests, make a cluster that charges.</summary>
[Collection<PublishedImages>]
public sealed class ServingTests(PublishedImages images)
{
    private readonly Manifests _manifests = Installations.Of("dev");

    [Fact]
    public async Task What_the_manifests_start_answers_its_probes_and_charges_and_stops_in_its_time()
    {
        Nodes.Require(RedisServer.Missing);
        Nodes.Require(AzuriteServer.Missing);
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Arguments = [.. Nodes.RedisArguments(_manifests)] }, cancellationToken);
        await using var azurite = await AzuriteServer.StartAsync(isDurable: false);
        var nodes = new Nodes(images, _manifests, redis.Address, $"127.0.0.1:{azurite.Port}");
        await using var silo = nodes.Start("silo");
        await using var other = nodes.Start("silo");
        await using var gateway = nodes.Start("gateway");

        await nodes.AnswersProbesAsync("silo", silo);
        await nodes.AnswersProbesAsync("silo", other);
        await nodes.AnswersProbesAsync("gateway", gateway);
        var effectiveFrom = await ChargesAsync(new Uri($"http://{gateway.Address}:8080"), Environments.Of(_manifests, _manifests.WorkloadOf("gateway"))["Metering__AdminKey"]);
        var wait = effectiveFrom - TimeProvider.System.GetUtcNow();
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, cancellationToken);
        await LoadTestAgreesAsync(gateway);
        await TellsWhatIsWatchedAsync(gateway, silo);

        Assert.Equal(0, await gateway.StopAsync(nodes.Grace("gateway"), cancellationToken));
        Assert.Equal(0, await silo.StopAsync(nodes.Grace("silo"), cancellationToken));
        Assert.Equal(0, await other.StopAsync(nodes.Grace("silo"), cancellationToken));
    }

    /// <summary>Publishes the sample card, and charges by it.</summary>
    /// <returns>When it takes effect.</returns>
    private static async Task<DateTimeOffset> ChargesAsync(Uri gateway, string adminKey)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = gateway };
        using var stranger = await http.GetAsync("/v1/accounts/acme", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", adminKey);
        using var card = JsonDocument.Parse(Repository.Read("silo/Metering.Standalone/sample-rate-card.json"));
        var published = await Nodes.SendAsync(http, HttpMethod.Put, "/v1/rate-cards/default", card.RootElement);
        var effectiveFrom = published.GetProperty("effectiveFrom").GetDateTimeOffset();
        await Nodes.SendAsync(http, HttpMethod.Put, "/v1/accounts/acme", new { displayName = "Acme" });
        await Nodes.SendAsync(http, HttpMethod.Post, "/v1/accounts/acme/grants", new { id = "plan", amount = "100" });

        // Usage may be of a time to come, when the card is in effect.
        var charge = new { id = "one", meter = "llm.tokens", quantity = "1200", time = effectiveFrom };
        var charged = await Nodes.SendAsync(http, HttpMethod.Post, "/v1/accounts/acme/charges", charge);
        var replayed = await Nodes.SendAsync(http, HttpMethod.Post, "/v1/accounts/acme/charges", charge);
        using var refused = await http.PostAsJsonAsync("/v1/accounts/nobody/charges", charge, TestContext.Current.CancellationToken);

        Assert.Equal("99.928", charged.GetProperty("balance").GetString());
        Assert.True(replayed.GetProperty("replayed").GetBoolean());
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        return effectiveFrom;
    }

    /// <summary>The job's own arguments, for a shorter time and with fewer accounts.</summary>
    private async Task LoadTestAgreesAsync(Pod gateway)
    {
        var file = Dockerfile.All.Single(static file => file.Image == "metering-load-test");
        var workload = _manifests.WorkloadOf("load-test");
        var environment = Environments.Of(_manifests, workload);

        // Kubernetes puts variables in place of their names.
        var arguments = workload.Container.Args
            .Select(argument => environment.Aggregate(argument, static (text, variable) => text.Replace($"$({variable.Key})", variable.Value, StringComparison.Ordinal)))
            .Select(argument => argument.Replace("//metering:", $"//{gateway.Address}:", StringComparison.Ordinal)).ToList();
        foreach (var (option, value) in new[] { ("--warm-up", "0"), ("--seconds", "2"), ("--accounts", "100") })
        {
            arguments[arguments.IndexOf(option) + 1] = value;
        }

        await using var load = Pod.Start(images.Application(file), file.EntryPoint, arguments, environment, IPAddress.Loopback, file.User);
        var exitCode = await load.EndedAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(exitCode == 0, load.Output);
    }

    /// <summary>Both are scraped where the service monitors say; what they tell is well-formed, bounded, and all that rules and dashboard ask for.</summary>
    private async Task TellsWhatIsWatchedAsync(Pod gateway, Pod silo)
    {
        var scrapes = new List<string>();
        foreach (var (pod, name) in new[] { (gateway, "gateway"), (silo, "silo") })
        {
            var endpoint = _manifests.Of<ServiceMonitor>().Single(each => each.Spec.Selector.MatchLabels.Values.Contains(name)).Spec.Endpoints.Single();
            var port = _manifests.Of<V1Service>().Single(service => service.Spec.Selector.Values.Contains(name)).Spec.Ports.Single(each => each.Name == endpoint.Port);
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            var scrape = await http.GetStringAsync(new Uri($"http://{pod.Address}:{_manifests.WorkloadOf(name).Port(port.TargetPort)}{endpoint.Path}"), TestContext.Current.CancellationToken);
            Assert.DoesNotContain("acme", scrape, StringComparison.Ordinal);
            Assert.InRange(scrape.Count(static letter => letter == '\n'), 1, 2_000);
            await Promtool.CheckAsync(["check", "metrics"], scrape);
            scrapes.Add(scrape);
        }

        Assert.Contains("metering_outcome=\"account_not_found\"} 1\n", scrapes[0], StringComparison.Ordinal);
        Assert.Contains("metering_outcome=\"replayed\"} ", scrapes[0], StringComparison.Ordinal);
        var told = Monitoring.Words(string.Join('\n', scrapes));
        Assert.Equal([], Monitoring.Watched(_manifests).Except(told));
    }
}
