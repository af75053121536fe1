using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Metering.Kubernetes.Tests.Building;

/// <summary>What is installed together, each object read strictly as its type of the API.</summary>
internal sealed class Manifests
{
    private static readonly Dictionary<string, Type> CustomTypes = new()
    {
        ["monitoring.coreos.com/v1/ServiceMonitor"] = typeof(ServiceMonitor),
        ["monitoring.coreos.com/v1/PrometheusRule"] = typeof(PrometheusRule),
    };

    private readonly List<JsonObject> _documents;

    private Manifests(List<JsonObject> documents)
    {
        _documents = documents;
        Objects = [.. documents.Select(static document => Parse(document))];
        Workloads = [.. Objects.Select(static each => Workload.Of(each)).OfType<Workload>()];
    }

    internal IReadOnlyList<JsonObject> Documents => _documents;

    internal IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects { get; }

    /// <summary>Those that run containers.</summary>
    internal IReadOnlyList<Workload> Workloads { get; }

    /// <summary>Builds folders below <c>k8s/</c>.</summary>
    /// <exception cref="FormatException">An object has a field that its type does not have, or a value of another type.</exception>
    internal static Manifests Build(params string[] folders) => Build(folders, []);

    /// <summary>The same, with components added to the first as the README says.</summary>
    internal static Manifests Build(IEnumerable<string> folders, IReadOnlyCollection<string> components) =>
        new([.. folders.SelectMany((folder, index) => Kustomization.Build(Path.Combine(Repository.Manifests, folder), index == 0 ? [.. components.Select(Component)] : []))]);

    /// <summary>A component as an overlay names it.</summary>
    internal static string Component(string name) => $"../../components/{name}";

    /// <summary>The same with one object changed, for tests of checks.</summary>
    internal Manifests With(string kind, string name, Action<JsonObject> change)
    {
        var documents = _documents.ConvertAll(static document => document.DeepClone().AsObject());
        change(documents.Single(document => Kustomization.Identity(document) == (kind, name)));
        return new Manifests(documents);
    }

    /// <summary>The same without one object.</summary>
    internal Manifests Without(string kind, string name) => new([.. _documents.Where(document => Kustomization.Identity(document) != (kind, name)).Select(static document => document.DeepClone().AsObject())]);

    internal IEnumerable<T> Of<T>() => Objects.OfType<T>();

    internal Workload WorkloadOf(string name) => Workloads.Single(workload => workload.Name == name);

    /// <summary>Pods that a selector fits. Null fits none.</summary>
    internal IEnumerable<Workload> Selected(IDictionary<string, string>? labels) =>
        labels is null ? [] : Workloads.Where(workload => labels.All(label => workload.Labels.TryGetValue(label.Key, out var value) && value == label.Value));

    private static IKubernetesObject<V1ObjectMeta> Parse(JsonObject document)
    {
        try
        {
            // JSON is YAML, and the client is strict about YAML only.
            return (IKubernetesObject<V1ObjectMeta>)KubernetesYaml.LoadAllFromString(document.ToJsonString(), CustomTypes, strict: true).Single();
        }
        catch (Exception failure)
        {
            throw new FormatException($"{Kustomization.Identity(document)} is not of its type: {failure.Message} {failure.InnerException?.Message}", failure);
        }
    }
}
