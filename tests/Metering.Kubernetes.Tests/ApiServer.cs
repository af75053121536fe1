using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using k8s;
using k8s.Models;
using Metering.Kubernetes.Tests.Building;
using Metering.Kubernetes.Tests.Checks;
using Metering.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Metering.Kubernetes.Tests;

/// <summary>
/// As much of a Kubernetes API server as silos see: over TLS, for one token, it tells of pods who may ask by the roles of an installation, and notes what it was asked.
/// </summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private const int MaxWaitingEvents = 64;

    private readonly Manifests _manifests;
    private readonly string _account;
    private readonly string _token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-kubernetes-api-");
    private readonly Lock _changing = new();
    private readonly ConcurrentDictionary<string, bool> _asked = new();
    private ImmutableDictionary<string, V1Pod> _pods = ImmutableDictionary<string, V1Pod>.Empty;
    private ImmutableList<Channel<string>> _watches = [];
    private readonly WebApplication _server;

    private ApiServer(Manifests manifests, string account)
    {
        _manifests = manifests;
        _account = account;
        RedisCertificates.Write(_directory.FullName);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        using var pem = X509Certificate2.CreateFromPemFile(Path.Combine(_directory.FullName, RedisCertificates.CertificateFile), Path.Combine(_directory.FullName, RedisCertificates.KeyFile));
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    /// <summary>What was asked, as verb and resource, and whether it was granted.</summary>
    internal IReadOnlyDictionary<string, bool> Asked => _asked;

    /// <summary>The folder that a pod of the account has mounted.</summary>
    internal string ServiceAccount => Path.Combine(_directory.FullName, "serviceaccount");

    /// <param name="manifests">With the rights.</param>
    /// <param name="account">The service account whose token the folder holds.</param>
    internal static async Task<ApiServer> StartAsync(Manifests manifests, string account)
    {
        var api = new ApiServer(manifests, account);
        await api._server.StartAsync(TestContext.Current.CancellationToken);
        Directory.CreateDirectory(api.ServiceAccount);
        await File.WriteAllTextAsync(Path.Combine(api.ServiceAccount, "token"), api._token);
        await File.WriteAllTextAsync(Path.Combine(api.ServiceAccount, "namespace"), Environments.Namespace(manifests));
        File.Copy(Path.Combine(api._directory.FullName, RedisCertificates.AuthorityFile), Path.Combine(api.ServiceAccount, "ca.crt"));
        return api;
    }

    /// <summary>There is a pod of a workload from now on.</summary>
    /// <returns>What Kubernetes puts into its environment.</returns>
    internal Dictionary<string, string> Create(string workload, string suffix)
    {
        var name = $"{workload}-{suffix}";
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Environments.Namespace(_manifests), Labels = _manifests.WorkloadOf(workload).Labels, ResourceVersion = "1" },
        };
        Change(() => _pods = _pods.Add(name, pod), "ADDED", pod);
        var address = new Uri(_server.Urls.Single());
        return new()
        {
            ["POD_NAME"] = name,
            ["KUBERNETES_SERVICE_HOST"] = address.Host,
            ["KUBERNETES_SERVICE_PORT"] = address.Port.ToString(CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The pod is gone; its process is not asked.</summary>
    internal void Delete(IReadOnlyDictionary<string, string> environment)
    {
        var pod = _pods[environment["POD_NAME"]];
        Change(() => _pods = _pods.Remove(pod.Name()), "DELETED", pod);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_changing)
        {
            _watches.ForEach(static watch => watch.Writer.TryComplete());
        }

        await _server.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    private void Change(Action change, string type, V1Pod pod)
    {
        lock (_changing)
        {
            change();
            foreach (var watch in _watches)
            {
                Assert.True(watch.Writer.TryWrite(Event(type, pod)), "Whoever watches should take what it is told.");
            }
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Headers.Authorization.ToString() != $"Bearer {_token}")
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var pods = $"/api/v1/namespaces/{Environments.Namespace(_manifests)}/pods";
        var name = request.Path.StartsWithSegments(pods, out var rest) ? rest.Value!.TrimStart('/') : null;
        var isWatch = request.Query["watch"] == "true";
        var verb = request.Method switch
        {
            "GET" => name is { Length: > 0 } ? "get" : isWatch ? "watch" : "list",
            var other => other.ToLowerInvariant(),
        };
        var isGranted = name is not null && IsGranted(verb);
        _asked[$"{verb} {(name is null ? request.Path : "pods")}"] = isGranted;
        if (!isGranted)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        context.Response.ContentType = "application/json";
        if (verb == "watch")
        {
            await TellAsync(context);
        }
        else if (verb == "list")
        {
            await context.Response.WriteAsync(KubernetesJson.Serialize(new V1PodList { ApiVersion = "v1", Kind = "PodList", Metadata = new V1ListMeta { ResourceVersion = "1" }, Items = [.. Selected(request)] }));
        }
        else if (verb == "get" && _pods.TryGetValue(name!, out var pod))
        {
            await context.Response.WriteAsync(KubernetesJson.Serialize(pod));
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }

    /// <summary>As the API server goes by the installation's own roles and bindings.</summary>
    private bool IsGranted(string verb) => _manifests.Of<V1RoleBinding>()
        .Where(binding => binding.Subjects.Any(subject => subject.Kind == "ServiceAccount" && subject.Name == _account && subject.NamespaceProperty == Environments.Namespace(_manifests)))
        .SelectMany(binding => _manifests.Of<V1Role>().Where(role => role.Name() == binding.RoleRef.Name))
        .SelectMany(static role => role.Rules)
        .Any(rule => rule.ApiGroups.Contains("") && rule.Resources.Contains("pods") && rule.Verbs.Contains(verb));

    private async Task TellAsync(HttpContext context)
    {
        var watch = Channel.CreateBounded<string>(MaxWaitingEvents);
        lock (_changing)
        {
            Assert.All(Selected(context.Request), pod => Assert.True(watch.Writer.TryWrite(Event("ADDED", pod))));
            _watches = _watches.Add(watch);
        }

        try
        {
            await context.Response.StartAsync(context.RequestAborted);
            await foreach (var line in watch.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(line, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever watched has gone.
        }
        finally
        {
            lock (_changing)
            {
                _watches = _watches.Remove(watch);
            }
        }
    }

    private IEnumerable<V1Pod> Selected(HttpRequest request)
    {
        var labels = request.Query["labelSelector"].ToString().Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static label => label.Split('=')).ToList();
        return _pods.Values.Where(pod => labels.All(label => pod.Labels().TryGetValue(label[0], out var value) && value == label[1]));
    }

    private static string Event(string type, V1Pod pod) => $$"""{"type":"{{type}}","object":{{KubernetesJson.Serialize(pod)}}}""" + "\n";
}
