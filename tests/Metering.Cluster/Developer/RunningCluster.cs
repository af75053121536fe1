using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Metering.Cluster.Network;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Developer;

/// <summary>A cluster that goes on running when the command that started it has ended, and what is known of it: one file in its directory.</summary>
internal sealed class RunningCluster(string directory)
{
    private const int Sigterm = 15;
    private const int Sigkill = 9;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private string StateFile => Path.Combine(directory, "cluster.json");

    /// <summary>Starts it, unless it runs already.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> UpAsync(int silos, int gateways, LedgerPlace ledger)
    {
        if (LocalCluster.WhyNot() is { } reason)
        {
            await Console.Error.WriteLineAsync(reason);
            return 1;
        }

        if (Load() is { } running && running.Members.Any(IsAlive))
        {
            await Console.Error.WriteLineAsync("It runs already: ./cluster status shows it, ./cluster down ends it.");
            return 1;
        }

        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }

        Directory.CreateDirectory(directory);
        var options = new ClusterOptions
        {
            Directory = directory,
            Silos = silos,
            Gateways = gateways,
            Ledger = ledger,
            SiloSettings = new Dictionary<string, string> { ["LeadTime"] = "00:00:01" },

            // A session of its own: what ends this terminal's programs does not end the cluster.
            Launcher = Tool.Find("setsid") is { } setsid ? [setsid] : [],
        };
        using var timeout = new CancellationTokenSource(StartPatience);
        var cluster = await LocalCluster.StartAsync(new LoopbackNetwork(), options, timeout.Token);
        var state = new ClusterState(
            [.. cluster.Processes.Select(process => new Member(process.Name, process.ProcessId, StartTime(process.ProcessId) ?? 0L, AddressOf(cluster, process)))]);
        await File.WriteAllTextAsync(StateFile, JsonSerializer.Serialize(state, Indented), CancellationToken.None);
        await SampleCard.PublishAsync(cluster.Gateways.Select(gateway => gateway.Http));
        Status();
        Console.WriteLine($$"""

            Try it:
              curl -s -X PUT  {{cluster.Gateways[0].Http}}v1/accounts/acme         -H 'Content-Type: application/json' -d '{}'
              curl -s -X POST {{cluster.Gateways[0].Http}}v1/accounts/acme/grants  -H 'Content-Type: application/json' -d '{"id":"plan","amount":"100"}'
              curl -s -X POST {{cluster.Gateways[^1].Http}}v1/accounts/acme/charges -H 'Content-Type: application/json' -d '{"id":"req-1","meter":"llm.tokens","quantity":"1200"}'
            """);
        return 0;
    }

    /// <summary>Shows what runs.</summary>
    /// <returns>The exit code: 1 when something of it does not.</returns>
    public int Status()
    {
        if (Load() is not { } state)
        {
            Console.WriteLine("Nothing runs: ./cluster up starts it.");
            return 1;
        }

        foreach (var member in state.Members)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{member.Name,-9} {(IsAlive(member) ? "runs " : "ended")}  process {member.ProcessId,-7}  {member.Address}"));
        }

        Console.WriteLine($"logs      {Path.Combine(directory, "logs")}");
        return state.Members.All(IsAlive) ? 0 : 1;
    }

    /// <summary>Ends what it started, gateways first, Redis last; nothing else.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> DownAsync()
    {
        if (Load() is not { } state)
        {
            Console.WriteLine("Nothing runs.");
            return 0;
        }

        foreach (var role in new[] { "gateway", "silo", "azurite", "redis" })
        {
            await EndAsync([.. state.Members.Where(member => member.Name.StartsWith(role, StringComparison.Ordinal))]);
        }

        File.Delete(StateFile);
        Console.WriteLine("Ended.");
        return 0;
    }

    private static async Task EndAsync(IReadOnlyList<Member> members)
    {
        foreach (var member in members.Where(IsAlive))
        {
            _ = kill(member.ProcessId, Sigterm);
        }

        using var probes = new PeriodicTimer(ProbeInterval);
        for (var waited = TimeSpan.Zero; members.Any(IsAlive) && waited < StopPatience; waited += ProbeInterval)
        {
            await probes.WaitForNextTickAsync();
        }

        foreach (var member in members.Where(IsAlive))
        {
            Console.WriteLine($"{member.Name} did not end when asked, and was killed.");
            _ = kill(member.ProcessId, Sigkill);
        }
    }

    private static string AddressOf(LocalCluster cluster, ServerProcess process) =>
        cluster.Gateways.FirstOrDefault(gateway => gateway.Process == process) is { } gateway ? $"HTTP {gateway.Http} gRPC {gateway.Grpc}"
        : cluster.Silos.FirstOrDefault(silo => silo.Process == process) is { } silo ? $"{silo.Address}, health {silo.Health}healthz/ready"
        : process == cluster.Redis.Process ? cluster.Redis.Address.ToString()
        : cluster.Azurite.Address.ToString();

    private ClusterState? Load() => File.Exists(StateFile) ? JsonSerializer.Deserialize<ClusterState>(File.ReadAllText(StateFile)) : null;

    // A number is given to another process once its own has ended; together with the time of its start it is not.
    private static bool IsAlive(Member member) => StartTime(member.ProcessId) == member.StartedAtTicks;

    /// <summary>When a process started, in the kernel's ticks since boot; null when there is none, or it has ended and nobody has asked after it yet.</summary>
    private static long? StartTime(int processId)
    {
        const int state = 0;
        const int startTime = 19;
        try
        {
            // The name in parentheses may hold spaces; what follows does not.
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[state] == "Z" ? null : long.Parse(fields[startTime], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

#pragma warning disable IDE1006, SYSLIB1054 // The name is libc's; two integers need no generated marshalling.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
#pragma warning restore IDE1006, SYSLIB1054

    private sealed record ClusterState(IReadOnlyList<Member> Members);

    private sealed record Member(string Name, int ProcessId, long StartedAtTicks, string Address);
}
