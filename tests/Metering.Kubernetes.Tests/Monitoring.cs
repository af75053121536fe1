using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>What the rules and the dashboard ask Prometheus for.</summary>
internal static partial class Monitoring
{
    /// <summary>Each alert: its name, the expression, and what it tells.</summary>
    internal static IEnumerable<JsonObject> Alerts(Manifests manifests) => Rules(manifests)["groups"]!.AsArray().SelectMany(static group => group!["rules"]!.AsArray()).Select(static rule => rule!.AsObject());

    /// <summary>The rules as Prometheus reads them from a file.</summary>
    internal static JsonObject Rules(Manifests manifests) => manifests.Documents.Single(static document => Kustomization.Identity(document) == ("PrometheusRule", "metering"))["spec"]!.AsObject();

    internal static IReadOnlyList<JsonObject> Panels(Manifests manifests) =>
        [.. JsonNode.Parse(manifests.Of<V1ConfigMap>().Single(static map => map.Name() == "metering-dashboard").Data["dashboard.json"])!["panels"]!.AsArray().Select(static panel => panel!.AsObject())];

    internal static IEnumerable<string> Expressions(Manifests manifests) => Alerts(manifests).Select(static alert => alert["expr"]!.GetValue<string>())
        .Concat(Panels(manifests).SelectMany(static panel => panel["targets"]!.AsArray()).Select(static target => target!["expr"]!.GetValue<string>()));

    /// <summary>The metrics, and labels of them, that are asked for.</summary>
    internal static IEnumerable<string> Watched(Manifests manifests) =>
        Expressions(manifests).SelectMany(Words).Where(static word => Prefixes.Any(prefix => word.StartsWith(prefix, StringComparison.Ordinal))).Distinct();

    /// <summary>All that could be the name of something.</summary>
    internal static IEnumerable<string> Words(string text) => Word().Matches(text).Select(static match => match.Value);

    private static readonly string[] Prefixes = ["metering_", "http_", "dotnet_", "kestrel_", "orleans_"];

    [GeneratedRegex("[a-z_][a-z0-9_]*")]
    private static partial Regex Word();
}
