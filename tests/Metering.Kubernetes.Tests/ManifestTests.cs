using System.Text.Json.Nodes;
using k8s.Models;
using Metering.Kubernetes.Tests.Building;
using Metering.Kubernetes.Tests.Checks;

namespace Metering.Kubernetes.Tests;

/// <summary>What is installed holds together; and each check finds what it is there to find.</summary>
public sealed class ManifestTests
{
    private static readonly Dictionary<string, Func<Manifests, IEnumerable<string>>> Checks = new()
    {
        [nameof(Images)] = Images.Faults,
        [nameof(Settings)] = Settings.Faults,
        [nameof(References)] = References.Faults,
        [nameof(Selectors)] = Selectors.Faults,
        [nameof(PodSecurity)] = PodSecurity.Faults,
        [nameof(Availability)] = Availability.Faults,
        [nameof(Network)] = Network.Faults,
        [nameof(Rights)] = Rights.Faults,
    };

    public static TheoryData<string, string> ChecksOfOverlays { get; } = [.. Installations.Overlays.SelectMany(static overlay => Checks.Keys.Select(check => (overlay, check)))];

    /// <summary>A check; the kind and name of an object; a path into it; what to put there as JSON, or nothing to take away; what the check then says.</summary>
    public static TheoryData<string, string, string, string, string?, string> Damages { get; } = new()
    {
        { nameof(Images), "Deployment", "silo", "/spec/template/spec/containers/0/image", "\"metering-silos:dev\"", "silo: metering-silos:dev is built by no Dockerfile" },
        { nameof(Images), "StatefulSet", "redis", "/spec/template/spec/containers/0/image", "\"redis:latest\"", "redis: redis:latest is built by no Dockerfile" },
        { nameof(Images), "StatefulSet", "azurite", "/spec/template/spec/containers/0/image", "\"mcr.microsoft.com/azure-storage/azurite:3.0.0\"", "azurite: Azurite 3.0.0" },
        { nameof(Images), "Deployment", "gateway", "/spec/template/spec/containers/0/ports/1", null, "gateway has the ports 8080" },
        { nameof(Images), "Deployment", "gateway", "/spec/template/spec/securityContext/runAsUser", "1000", "gateway runs as 1000" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/containers/0/env/0/name", "\"Metering__Cluster\"", "A process would refuse to start: Metering__Cluster is not a setting" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/containers/0/env/0/name", "\"METERING_CLUSTER\"", "gateway: nothing reads METERING_CLUSTER" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/containers/0/env/0/value", "\"other\"", "Silos and gateways are not of the same cluster" },
        { nameof(Settings), "Deployment", "silo", "/spec/template/spec/containers/0/ports/0/containerPort", "11112", "silo: the port silo is 11112" },
        { nameof(Settings), "Deployment", "silo", "/spec/template/spec/terminationGracePeriodSeconds", "30", "silo is killed after 00:00:30" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/terminationGracePeriodSeconds", "44", "gateway is killed after 00:00:44" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/containers/0/env/3/value", "\"127.0.0.1\"", "A gateway listens on 127.0.0.1 only" },
        { nameof(Settings), "HorizontalPodAutoscaler", "silo", "/spec/maxReplicas", "65", "65 silos share 64 partitions" },
        { nameof(Settings), "StatefulSet", "redis", "/spec/template/spec/containers/0/args/8", "\"1gb\"", "Redis has room for" },
        { nameof(Settings), "Secret", "metering-redis", "/stringData/connection", "\"redis:6380\"", "The processes are told another address" },
        { nameof(Settings), "Secret", "metering-redis", "/stringData/connection", "\"redis:6379,nonsense=1\"", "A process would refuse to start: Metering__Redis" },
        { nameof(Settings), "Secret", "metering-access", "/stringData/admin-key", "\"short\"", "A process would refuse to start: Metering__AdminKey" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/containers/0/env/4", null, "A process would refuse to start: Metering__Address" },
        { nameof(Settings), "Deployment", "gateway", "/spec/template/spec/containers/0/ports/2/containerPort", "9465", "gateway: the port metrics is 9465" },
        { nameof(References), "Secret", "metering-access", "/stringData/admin-key", null, "gateway: the secret metering-access with admin-key" },
        { nameof(References), "Secret", "metering-storage", "/stringData/connection", null, "silo: the secret metering-storage with connection" },
        { nameof(References), "Secret", "metering-storage", "/metadata/name", "\"other\"", "silo: the secret metering-storage with connection" },
        { nameof(References), "ServiceAccount", "silo", "/metadata/name", "\"other\"", "silo: there is no service account silo" },
        { nameof(References), "Deployment", "silo", "/spec/template/spec/volumes/0/name", "\"other\"", "silo: there is no volume tmp" },
        { nameof(References), "Deployment", "silo", "/spec/template/spec/containers/0/livenessProbe/httpGet/port", "\"http\"", "silo: a probe asks the port http" },
        { nameof(References), "HorizontalPodAutoscaler", "silo", "/spec/scaleTargetRef/kind", "\"StatefulSet\"", "The autoscaler silo scales nothing" },
        { nameof(Selectors), "Deployment", "silo", "/spec/template/metadata/labels/app.kubernetes.io~1component", "\"silos\"", "silo: its selector does not fit" },
        { nameof(Selectors), "Deployment", "silo", "/spec/template/spec/topologySpreadConstraints/0/labelSelector/matchLabels/app.kubernetes.io~1component", "\"gateway\"", "silo is kept away from" },
        { nameof(Selectors), "Service", "metering", "/spec/ports/0/targetPort", "\"web\"", "The service metering leads port http to nothing" },
        { nameof(Selectors), "Service", "metering", "/spec/selector/app.kubernetes.io~1component", "\"edge\"", "The service metering leads port http to nothing" },
        { nameof(Selectors), "PodDisruptionBudget", "silo", "/spec/selector/matchLabels/app.kubernetes.io~1component", null, "The disruption budget silo is not for one workload" },
        { nameof(Selectors), "NetworkPolicy", "redis", "/spec/podSelector/matchLabels/app.kubernetes.io~1component", "\"reddis\"", "The network policy redis speaks of" },
        { nameof(PodSecurity), "Namespace", "metering", "/metadata/labels/pod-security.kubernetes.io~1enforce", "\"baseline\"", "The namespace lets in pods" },
        { nameof(PodSecurity), "Deployment", "silo", "/spec/template/spec/securityContext/seccompProfile", null, "silo: the seccomp profile" },
        { nameof(PodSecurity), "Deployment", "silo", "/spec/template/spec/securityContext/runAsNonRoot", null, "silo: runAsNonRoot" },
        { nameof(PodSecurity), "Deployment", "gateway", "/spec/template/spec/containers/0/securityContext/readOnlyRootFilesystem", "false", "gateway: readOnlyRootFilesystem" },
        { nameof(PodSecurity), "Job", "load-test", "/spec/template/spec/containers/0/securityContext/capabilities/drop/0", "\"NET_RAW\"", "load-test: capabilities" },
        { nameof(PodSecurity), "Deployment", "silo", "/spec/template/spec/volumes/0/emptyDir/sizeLimit", null, "silo: a bound on what it writes" },
        { nameof(Availability), "Deployment", "silo", "/spec/template/spec/containers/0/resources/limits/cpu", "\"4\"", "silo is held back by a limit" },
        { nameof(Availability), "Deployment", "silo", "/spec/template/spec/containers/0/resources/requests/cpu", null, "silo requests no processor" },
        { nameof(Availability), "Deployment", "silo", "/spec/template/spec/containers/0/resources/limits/memory", "\"8Gi\"", "silo does not request all the memory" },
        { nameof(Availability), "Deployment", "silo", "/spec/replicas", "3", "silo misses: leaves the number" },
        { nameof(Availability), "Deployment", "silo", "/spec/strategy/rollingUpdate/maxUnavailable", "1", "silo misses: a new pod before" },
        { nameof(Availability), "Deployment", "gateway", "/spec/minReadySeconds", "10", "gateway misses: 30 s" },
        { nameof(Availability), "Deployment", "gateway", "/spec/template/spec/containers/0/livenessProbe/httpGet/path", "\"/healthz/ready\"", "gateway misses: a liveness probe" },
        { nameof(Availability), "HorizontalPodAutoscaler", "gateway", "/spec/behavior/scaleDown/stabilizationWindowSeconds", "60", "gateway misses: a slow way down" },
        { nameof(Availability), "PodDisruptionBudget", "silo", "/spec/maxUnavailable", "2", "silo misses: a disruption budget" },
        { nameof(Network), "NetworkPolicy", "nothing-else", "/spec/podSelector/matchLabels", """{"app.kubernetes.io/component":"silo"}""", "load-test is under no policy of Ingress" },
        { nameof(Network), "NetworkPolicy", "redis", "/spec/ingress/0/from/1", null, "gateway does not reach redis at redis" },
        { nameof(Network), "NetworkPolicy", "redis", "/spec/ingress/0/from", null, "Any namespace reaches redis at redis" },
        { nameof(Network), "NetworkPolicy", "silo", "/spec/egress/0/ports/0/port", "30000", "silo does not reach silo at silo" },
        { nameof(Network), "NetworkPolicy", "gateway", "/spec/ingress/0/from/0/namespaceSelector/matchLabels", null, "Any namespace reaches gateway at http" },
        { nameof(Network), "NetworkPolicy", "names", "/spec/egress/0/ports/0/port", "54", "silo cannot ask for names" },
        { nameof(Network), "NetworkPolicy", "gateway-to-stores", "/spec/egress/0/to/0", """{"ipBlock":{"cidr":"0.0.0.0/0"}}""", "gateway reaches the ports 6379 outside" },
    };

    /// <summary>The same, of an overlay with the component for Orleans' hosting.</summary>
    public static TheoryData<string, string, string, string, string?, string> DamagesOfHosting { get; } = new()
    {
        { nameof(Rights), "Role", "silo", "/rules/0/verbs/3", "\"patch\"", "The role silo grants get list patch watch of pods" },
        { nameof(Rights), "Role", "silo", "/rules/0/verbs/2", null, "The role silo grants get list of pods" },
        { nameof(Rights), "Role", "silo", "/rules/0/resources/0", "\"secrets\"", "The role silo grants get list watch of secrets" },
        { nameof(Rights), "RoleBinding", "silo", "/subjects/0/name", "\"default\"", "The binding silo is for default" },
        { nameof(Rights), "RoleBinding", "silo", "/subjects/0/namespace", "\"default\"", "The binding silo is for silo of default" },
        { nameof(Rights), "RoleBinding", "silo", "/roleRef/name", "\"silos\"", "The binding silo is of silos" },
        { nameof(Rights), "RoleBinding", "silo", "/roleRef/kind", "\"ClusterRole\"", "The binding silo is of silo" },
        { nameof(Rights), "Deployment", "silo", "/spec/template/spec/automountServiceAccountToken", "false", "silo asks Kubernetes, and has no token" },
        { nameof(Rights), "Deployment", "gateway", "/spec/template/spec/automountServiceAccountToken", "true", "gateway has a token" },
        { nameof(Settings), "Deployment", "silo", "/spec/template/metadata/labels/orleans~1clusterId", "\"other\"", "The label orleans/clusterId of silos is 'other'" },
        { nameof(Settings), "Deployment", "silo", "/spec/template/spec/containers/0/env/5/name", "\"POD_SPACE\"", "A process would refuse to start: Metering__KubernetesHosting is true, and POD_NAMESPACE" },
        { nameof(Network), "NetworkPolicy", "silo-to-api", "/spec/egress/0/ports/1", null, "silo reaches the ports 443 outside" },
    };

    [Theory]
    [MemberData(nameof(ChecksOfOverlays))]
    public void An_overlay_holds_together(string overlay, string check) => Assert.Empty(Checks[check](Installations.Of(overlay)));

    [Theory]
    [MemberData(nameof(Damages))]
    public void A_check_finds_damage(string check, string kind, string name, string path, string? value, string expected)
    {
        var damaged = Installations.Of("dev").With(kind, name, document => Put(document, path, value));

        Assert.Contains(Checks[check](damaged), fault => fault.StartsWith(expected, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(DamagesOfHosting))]
    public void A_check_finds_damage_of_what_may_be_added(string check, string kind, string name, string path, string? value, string expected)
    {
        var damaged = Installations.Of($"dev with {Installations.Hosting}").With(kind, name, document => Put(document, path, value));

        Assert.Contains(Checks[check](damaged), fault => fault.StartsWith(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_what_may_be_added_nobody_has_rights()
    {
        Assert.All(Overlays("dev", "azure"), static plain => Assert.Empty(plain.Of<V1Role>()));
        Assert.All(Overlays("dev", "azure"), static plain => Assert.DoesNotContain(plain.Workloads, static each => each.Pod.AutomountServiceAccountToken != false));
    }

    [Fact]
    public void Without_policies_everybody_reaches_everybody()
    {
        var open = Installations.Of("dev");
        foreach (var policy in open.Of<V1NetworkPolicy>().Select(static policy => policy.Name()).ToList())
        {
            open = open.Without("NetworkPolicy", policy);
        }

        Assert.Contains("gateway reaches azurite at blob, and need not.", Network.Faults(open));
    }

    [Theory]
    [InlineData("/spec/template/spec/containers/0/resource", "{}")]
    [InlineData("/spec/minReadySecond", "30")]
    [InlineData("/spec/minReadySeconds", "\"soon\"")]
    [InlineData("/spec/template/spec/containers/0/readinessProbe/httpGet/url", "\"/\"")]
    public void What_the_API_does_not_know_is_refused(string path, string value) =>
        Assert.Throws<FormatException>(() => Installations.Of("dev").With("Deployment", "silo", document => Put(document, path, value)));

    private static IEnumerable<Manifests> Overlays(params string[] names) => names.Select(Installations.Of);

    private static void Put(JsonObject document, string path, string? json)
    {
        var steps = path[1..].Split('/').Select(static step => step.Replace("~1", "/", StringComparison.Ordinal)).ToList();
        var parent = steps[..^1].Aggregate((JsonNode)document, static (node, step) => node is JsonArray items ? items[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)]! : node[step]!);
        switch (parent)
        {
            case JsonArray items when json is null:
                items.RemoveAt(int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture));
                break;
            case JsonArray items when steps[^1] == items.Count.ToString(System.Globalization.CultureInfo.InvariantCulture):
                items.Add(JsonNode.Parse(json));
                break;
            case JsonArray items:
                items[int.Parse(steps[^1], System.Globalization.CultureInfo.InvariantCulture)] = JsonNode.Parse(json);
                break;
            case JsonObject fields when json is null:
                fields.Remove(steps[^1]);
                break;
            case JsonObject fields:
                fields[steps[^1]] = JsonNode.Parse(json);
                break;
        }
    }
}
