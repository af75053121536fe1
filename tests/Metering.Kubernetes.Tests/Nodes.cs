using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Metering.Kubernetes.Tests.Building;
using Metering.Kubernetes.Tests.Checks;

namespace Metering.Kubernetes.Tests;

/// <summary>What stands for the machines of a cluster: it runs the pods of an installation, with the stores' addresses in the place of their names.</summary>
/// <param name="images">What the pods run.</param>
/// <param name="manifests">What is installed.</param>
/// <param name="redis">As host and port.</param>
/// <param name="azurite">As host and port.</param>
internal sealed class Nodes(PublishedImages images, Manifests manifests, string redis, string azurite)
{
    internal Pod Start(string name) => Start(name, new Dictionary<string, string>(), serviceAccount: "");

    /// <param name="name">Of the workload.</param>
    /// <param name="given">Variables that Kubernetes gives this pod, beside and in the place of those of the manifests.</param>
    /// <param name="serviceAccount">The folder with its token; empty where there is none.</param>
    internal Pod Start(string name, IReadOnlyDictionary<string, string> given, string serviceAccount)
    {
        var workload = manifests.WorkloadOf(name);
        var address = Loopback();
        var environment = Environments.Of(manifests, workload).ToDictionary(
            static each => each.Key,
            each => each.Value
                .Replace("redis:6379", redis, StringComparison.Ordinal)
                .Replace("azurite:10000", azurite, StringComparison.Ordinal)
                .Replace(Environments.PodAddress, address.ToString(), StringComparison.Ordinal)
                .Replace("0.0.0.0", address.ToString(), StringComparison.Ordinal));
        foreach (var (variable, value) in given)
        {
            environment[variable] = value;
        }

        var file = Dockerfile.All.Single(file => file.Image == $"metering-{name}");
        return Pod.Start(images.Application(file), file.EntryPoint, workload.Container.Args ?? [], environment, address, file.User, serviceAccount);
    }

    internal async Task AnswersProbesAsync(string name, Pod pod)
    {
        var workload = manifests.WorkloadOf(name);
        foreach (var probe in new[] { workload.Container.StartupProbe, workload.Container.LivenessProbe, workload.Container.ReadinessProbe })
        {
            await pod.ProbedAsync(probe.HttpGet.Path, workload.Port(probe.HttpGet.Port)!.Value, TestContext.Current.CancellationToken);
        }
    }

    internal TimeSpan Grace(string name) => TimeSpan.FromSeconds(manifests.WorkloadOf(name).Pod.TerminationGracePeriodSeconds!.Value);

    /// <summary>What Redis is started with in the cluster, but for the place of its files.</summary>
    internal static IEnumerable<string> RedisArguments(Manifests manifests)
    {
        var arguments = manifests.WorkloadOf("redis").Container.Args;
        Assert.Equal(["redis-server", "--dir"], arguments.Take(2));
        return arguments.Skip(3);
    }

    internal static async Task<JsonElement> SendAsync(HttpClient http, HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body) };
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {response.StatusCode} {answer}");
        return JsonDocument.Parse(answer).RootElement;
    }

    /// <summary>Skips where something is missing, and fails in CI.</summary>
    internal static void Require(string? missing)
    {
        if (missing is not null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", missing);
            Assert.Skip(missing);
        }
    }

    /// <summary>Every one of them is this machine, so that each process has the ports of the manifests to itself, whatever else runs here.</summary>
    private static IPAddress Loopback() => IPAddress.Parse(string.Create(
        CultureInfo.InvariantCulture, $"127.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}"));
}
