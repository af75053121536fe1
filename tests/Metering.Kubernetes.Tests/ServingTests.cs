using System.Globalization;
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
public sealed class ServingTests(PublishedImages images) : IClassFixture<PublishedImages>
{
    private readonly Manifests _manifests = Installations.Of("dev");

    [Fact]
    public async Task What_the_manifests_start_answers_its_probes_and_charges_and_stops_in_its_time()
    {
        Require(RedisServer.Missing);
        Require(AzuriteServer.Missing);
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Arguments = [.. RedisArguments()] }, cancellationToken);
        await using var azurite = await AzuriteServer.StartAsync(isDurable: false);
        await using var silo = Start("silo", redis, azurite);
        await using var other = Start("silo", redis, azurite);
        await using var gateway = Start("gateway", redis, azurite);

        await AnswersProbesAsync("silo", silo);
        await AnswersProbesAsync("silo", other);
        await AnswersProbesAsync("gateway", gateway);
        var effectiveFrom = await ChargesAsync(new Uri($"http://{gateway.Address}:8080"), Environments.Of(_manifests, _manifests.WorkloadOf("gateway"))["Metering__AdminKey"]);
        var wait = effectiveFrom - TimeProvider.System.GetUtcNow();
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, cancellationToken);
        await LoadTestAgreesAsync(gateway);
        await TellsWhatIsWatchedAsync(gateway, silo);

        Assert.Equal(0, await gateway.StopAsync(Grace("gateway"), cancellationToken));
        Assert.Equal(0, await silo.StopAsync(Grace("silo"), cancellationToken));
        Assert.Equal(0, await other.StopAsync(Grace("silo"), cancellationToken));
    }

    private Pod Start(string name, RedisServer redis, AzuriteServer azurite)
    {
        var workload = _manifests.WorkloadOf(name);
        var address = Loopback();
        var environment = Environments.Of(_manifests, workload).ToDictionary(
            static each => each.Key,
            each => each.Value
                .Replace("redis:6379", redis.Address, StringComparison.Ordinal)
                .Replace("azurite:10000", $"127.0.0.1:{azurite.Port}", StringComparison.Ordinal)
                .Replace(Environments.PodAddress, address.ToString(), StringComparison.Ordinal)
                .Replace("0.0.0.0", address.ToString(), StringComparison.Ordinal));
        var file = Dockerfile.All.Single(file => file.Image == $"metering-{name}");
        return Pod.Start(images.Application(file), file.EntryPoint, workload.Container.Args ?? [], environment, address, file.User);
    }

    private async Task AnswersProbesAsync(string name, Pod pod)
    {
        var workload = _manifests.WorkloadOf(name);
        foreach (var probe in new[] { workload.Container.StartupProbe, workload.Container.LivenessProbe, workload.Container.ReadinessProbe })
        {
            await pod.ProbedAsync(probe.HttpGet.Path, workload.Port(probe.HttpGet.Port)!.Value, TestContext.Current.CancellationToken);
        }
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
        var published = await SendAsync(http, HttpMethod.Put, "/v1/rate-cards/default", card.RootElement);
        var effectiveFrom = published.GetProperty("effectiveFrom").GetDateTimeOffset();
        await SendAsync(http, HttpMethod.Put, "/v1/accounts/acme", new { displayName = "Acme" });
        await SendAsync(http, HttpMethod.Post, "/v1/accounts/acme/grants", new { id = "plan", amount = "100" });

        // Usage may be of a time to come, when the card is in effect.
        var charge = new { id = "one", meter = "llm.tokens", quantity = "1200", time = effectiveFrom };
        var charged = await SendAsync(http, HttpMethod.Post, "/v1/accounts/acme/charges", charge);
        var replayed = await SendAsync(http, HttpMethod.Post, "/v1/accounts/acme/charges", charge);
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

    private static async Task<JsonElement> SendAsync(HttpClient http, HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {response.StatusCode} {answer}");
        return JsonDocument.Parse(answer).RootElement;
    }

    private TimeSpan Grace(string name) => TimeSpan.FromSeconds(_manifests.WorkloadOf(name).Pod.TerminationGracePeriodSeconds!.Value);

    /// <summary>What Redis is started with in the cluster, but for the place of its files.</summary>
    private IEnumerable<string> RedisArguments()
    {
        var arguments = _manifests.WorkloadOf("redis").Container.Args;
        Assert.Equal(["redis-server", "--dir"], arguments.Take(2));
        return arguments.Skip(3);
    }

    /// <summary>Every one of them is this machine, so that each process has the ports of the manifests to itself, whatever else runs here.</summary>
    private static IPAddress Loopback() => IPAddress.Parse(string.Create(
        CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}"));

    private static void Require(string? missing)
    {
        if (missing is not null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", missing);
            Assert.Skip(missing);
        }
    }
}
