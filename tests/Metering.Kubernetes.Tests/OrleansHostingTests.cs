using System.Net.Http.Headers;
using Metering.Kubernetes.Tests.Building;
using Metering.Kubernetes.Tests.Checks;
using Metering.TestServers;

namespace Metering.Kubernetes.Tests;

/// <summary>The images' programs with the environment, the account and the rights of the component for Orleans' hosting, before an API server that grants these and nothing else.</summary>
[Collection<PublishedImages>]
public sealed class OrleansHostingTests(PublishedImages images)
{
    private readonly Manifests _manifests = Installations.Of($"dev with {Installations.Hosting}");

    [Fact]
    public async Task A_silo_whose_pod_is_deleted_is_declared_dead_and_the_others_serve_its_accounts()
    {
        Nodes.Require(RedisServer.Missing);
        Nodes.Require(AzuriteServer.Missing);
        RequireConfinement();
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Arguments = [.. Nodes.RedisArguments(_manifests)] }, cancellationToken);
        await using var azurite = await AzuriteServer.StartAsync(isDurable: false);
        await using var api = await ApiServer.StartAsync(_manifests, _manifests.WorkloadOf("silo").Pod.ServiceAccountName);
        var nodes = new Nodes(images, _manifests, redis.Address, $"127.0.0.1:{azurite.Port}");
        var (first, deleted, another) = (api.Create("silo", "a"), api.Create("silo", "b"), api.Create("silo", "c"));
        await using var silo = nodes.Start("silo", first, api.ServiceAccount);
        await using var orphan = nodes.Start("silo", deleted, api.ServiceAccount);
        await using var gateway = nodes.Start("gateway");
        await nodes.AnswersProbesAsync("silo", silo);
        await nodes.AnswersProbesAsync("silo", orphan);
        await nodes.AnswersProbesAsync("gateway", gateway);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://{gateway.Address}:8080") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Environments.Of(_manifests, _manifests.WorkloadOf("gateway"))["Metering__AdminKey"]);
        var accounts = Enumerable.Range(0, 16).Select(static number => $"/v1/accounts/acme-{number}").ToList();
        await Task.WhenAll(accounts.Select(account => Nodes.SendAsync(http, HttpMethod.Put, account, new { displayName = "Acme" })));

        // Its process is well and answers every probe of the other: only Kubernetes knows that it is to be gone. Whoever watches hears it; at the latest the pod that comes in its place asks.
        api.Delete(deleted);
        await using var replacement = nodes.Start("silo", another, api.ServiceAccount);
        await orphan.EndedAsync(TimeSpan.FromMinutes(3), cancellationToken);
        await nodes.AnswersProbesAsync("silo", replacement);

        await Task.WhenAll(accounts.Select(account => Nodes.SendAsync(http, HttpMethod.Post, $"{account}/grants", new { id = "plan", amount = "1" })));
        Assert.Empty(api.Asked.Keys.Except(["get pods", "list pods", "watch pods"]));
        Assert.DoesNotContain(false, api.Asked.Values);
        Assert.Equal(0, await silo.StopAsync(nodes.Grace("silo"), cancellationToken));
    }

    [Fact]
    public async Task A_silo_that_may_not_ask_or_is_labelled_as_another_clusters_does_not_start_and_says_so()
    {
        RequireConfinement();
        Nodes.Require(RedisServer.Missing);
        Nodes.Require(AzuriteServer.Missing);
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Arguments = [.. Nodes.RedisArguments(_manifests)] }, TestContext.Current.CancellationToken);
        await using var azurite = await AzuriteServer.StartAsync(isDurable: false);
        var strange = _manifests.With("Deployment", "silo", static silo => silo["spec"]!["template"]!["metadata"]!["labels"]!["orleans/clusterId"] = "other");

        await Task.WhenAll(
            EndsAsync(_manifests.Without("RoleBinding", "silo"), hasToken: true, "this pod may not get and list pods (Forbidden); k8s/components/orleans-hosting gives it the right."),
            EndsAsync(strange, hasToken: true, "the label orleans/clusterId of the pod silo-a is 'other'; it must be 'metering', as the setting is."),
            EndsAsync(_manifests, hasToken: false, "this is no pod that may ask the API of Kubernetes"));

        async Task EndsAsync(Manifests manifests, bool hasToken, string expected) =>
            await AskingEndsAsync(new Nodes(images, manifests, redis.Address, $"127.0.0.1:{azurite.Port}"), manifests, hasToken, expected);
    }

    private static async Task AskingEndsAsync(Nodes nodes, Manifests manifests, bool hasToken, string expected)
    {
        await using var api = await ApiServer.StartAsync(manifests, manifests.WorkloadOf("silo").Pod.ServiceAccountName);
        await using var silo = nodes.Start("silo", api.Create("silo", "a"), hasToken ? api.ServiceAccount : "");

        var exitCode = await silo.EndedAsync(TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        Assert.True(exitCode == 1, $"It should end with 1, and ended with {exitCode}: {silo.Output}");
        Assert.Contains($"Metering did not start: Metering__KubernetesHosting is true, and {expected}", silo.Output, StringComparison.Ordinal);
    }

    private static void RequireConfinement() =>
        Nodes.Require(Pod.IsConfined ? null : "This test gives processes the files of a service account in the place where pods have them: it needs Linux, root and unshare.");
}
