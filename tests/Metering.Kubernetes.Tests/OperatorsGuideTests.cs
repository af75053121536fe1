using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>The commands of the guide fit what they are about, as far as that can be seen without a cluster.</summary>
public sealed partial class OperatorsGuideTests
{
    /// <summary>Made by hand, and gone afterwards.</summary>
    private const string RestoreJob = "restore";

    private static readonly Dictionary<string, string> Kinds = new()
    {
        ["deployment"] = "Deployment",
        ["service"] = "Service",
        ["job"] = "Job",
    };

    [Fact]
    public void Images_are_built_as_their_Dockerfiles_say() => Assert.Equal(
        Dockerfile.All.Select(static file => $"docker build --file {file.Path} --tag {file.Image}:dev ."),
        OperatorsGuide.Commands.Where(static command => command.StartsWith("docker ", StringComparison.Ordinal)));

    [Fact]
    public void Every_file_and_folder_that_is_named_is_there() => Assert.All(
        OperatorsGuide.Commands.SelectMany(static command => command.Split(' ', '@')).Where(static word => word.StartsWith("k8s/", StringComparison.Ordinal) || word.StartsWith("silo/", StringComparison.Ordinal)),
        static path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), $"{path} should be there."));

    [Fact]
    public void Every_object_that_is_named_is_installed()
    {
        var manifests = Installations.Of("dev");
        var named = OperatorsGuide.Commands.SelectMany(static command => command.Split(' ')).Select(static word => word.Split('/')).Where(static parts => parts.Length == 2 && Kinds.ContainsKey(parts[0])).ToList();

        Assert.NotEmpty(named);
        Assert.All(named.Where(static parts => (parts[0], parts[1]) != ("job", RestoreJob)), parts => Assert.Contains(manifests.Objects, each => each.Kind == Kinds[parts[0]] && each.Name() == parts[1]));
    }

    [Fact]
    public async Task A_restore_is_a_job_with_the_pod_of_a_silo_and_the_command_of_one()
    {
        const string jq = "jq";
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static directory => File.Exists(Path.Combine(directory, jq))))
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", "jq is missing: ./test installs it as root.");
            Assert.Skip("jq is missing: install it to have the guide's restore checked.");
        }

        var silo = Installations.Of("azure").Of<V1Deployment>().Single(static each => each.Name() == "silo");
        var filter = RestoreFilter().Match(OperatorsGuide.Commands.Single(static command => command.Contains("| jq ", StringComparison.Ordinal))).Groups[1].Value;
        using var process = Process.Start(new ProcessStartInfo(jq, [filter]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await process.StandardInput.WriteAsync(KubernetesJson.Serialize(silo));
        process.StandardInput.Close();
        var job = KubernetesYaml.LoadAllFromString(await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), strict: true).OfType<V1Job>().Single();

        var container = job.Spec.Template.Spec.Containers.Single();
        var original = silo.Spec.Template.Spec.Containers.Single();
        Assert.Equal((RestoreJob, "metering", "Never", 0), (job.Name(), job.Namespace(), job.Spec.Template.Spec.RestartPolicy, job.Spec.BackoffLimit));
        Assert.Equal(["restore"], container.Args);
        Assert.Equal((original.Image, KubernetesJson.Serialize(original.Env)), (container.Image, KubernetesJson.Serialize(container.Env)));
        Assert.True(container is { LivenessProbe: null, ReadinessProbe: null, StartupProbe: null });
    }

    [Fact]
    public void The_port_of_the_managed_Redis_is_the_one_that_policies_open()
    {
        var port = int.Parse(RedisPort().Match(OperatorsGuide.Commands.Single(static command => command.Contains("metering-redis", StringComparison.Ordinal))).Groups[1].Value, CultureInfo.InvariantCulture);
        var policies = Installations.Of("azure").Of<V1NetworkPolicy>().Where(static policy => policy.Name().EndsWith("-to-stores", StringComparison.Ordinal)).ToList();

        Assert.Equal(2, policies.Count);
        Assert.All(policies, policy => Assert.Contains(policy.Spec.Egress.Single().Ports, each => each.Port.Value == port.ToString(CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Kubectl_knows_every_option()
    {
        if (!Kubectl.IsInstalled)
        {
            Assert.Skip("kubectl is missing: install it to have the options of the guide's commands checked.");
        }

        var common = await Kubectl.RunAsync("options");
        foreach (var command in OperatorsGuide.Commands.Where(static command => command.StartsWith("kubectl ", StringComparison.Ordinal)))
        {
            var words = command.Split(" -- ")[0].Split(' ');
            var verb = words[1] is "create" or "rollout" ? words[1..(words[2] == "secret" ? 4 : 3)] : words[1..2];
            var help = await Kubectl.RunAsync([.. verb, "--help"]);
            foreach (var option in words.Where(static word => word.StartsWith('-')).Select(static word => word.Split('=')[0]))
            {
                Assert.True(Knows(help, option) || Knows(common, option), $"'{command}': kubectl {string.Join(' ', verb)} has no option {option}.");
            }
        }
    }

    private static bool Knows(string help, string option) => Regex.IsMatch(help, $@"(^|\s){Regex.Escape(option)}[=,:\s]", RegexOptions.Multiline);

    [GeneratedRegex(@"\| jq '([^']+)'")]
    private static partial Regex RestoreFilter();

    [GeneratedRegex(@":(\d+),ssl=true")]
    private static partial Regex RedisPort();
}
