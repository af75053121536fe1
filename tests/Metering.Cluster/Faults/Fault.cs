namespace Metering.Cluster.Faults;

/// <summary>Something that happens to a cluster under load, and must cost nobody a credit.</summary>
/// <param name="Name">What happens, in words.</param>
/// <param name="CutsLinks">Whether it needs a network whose links can be cut.</param>
/// <param name="ComeAsync">Makes it happen, and ends when the cause is gone again.</param>
internal sealed record Fault(string Name, bool CutsLinks, Func<Scene, Task> ComeAsync)
{
    public static Fault KillSilo { get; } = new("a silo is killed", false, SiloFaults.KillAsync);

    public static Fault KillSiloAgainAndAgain { get; } = new("a silo is killed again and again", false, SiloFaults.KillAgainAndAgainAsync);

    public static Fault KillAllSilos { get; } = new("all silos are killed at once", false, SiloFaults.KillAllAsync);

    public static Fault PauseSilo { get; } = new("a silo stops for long and goes on", false, SiloFaults.PauseAsync);

    public static Fault RestartAll { get; } = new("silos and gateways are restarted one by one", false, SiloFaults.RestartOneByOneAsync);

    public static Fault ScaleOutAndIn { get; } = new("silos come and go as load does", false, SiloFaults.ScaleOutAndInAsync);

    public static Fault TwoOwners { get; } = new("two silos own the same partitions", false, SiloFaults.OwnTwiceAsync);

    public static Fault KillGateway { get; } = new("a gateway is killed", false, StoreFaults.KillGatewayAsync);

    public static Fault KillRedis { get; } = new("Redis is killed", false, StoreFaults.KillRedisAsync);

    public static Fault LoseLastSecond { get; } = new("Redis loses its last second", false, StoreFaults.LoseLastSecondAsync);

    public static Fault SlowRedis { get; } = new("Redis is slow", false, StoreFaults.SlowRedisAsync);

    public static Fault FloodSlowRedis { get; } = new("Redis is slow and callers are many", false, OverloadFaults.FloodSlowRedisAsync);

    public static Fault BusyProcessors { get; } = new("every processor is busy", false, OverloadFaults.KeepProcessorsBusyAsync);

    public static Fault KillAzurite { get; } = new("Azurite is killed", false, StoreFaults.KillAzuriteAsync);

    public static Fault CutFromRedis { get; } = new("a silo is cut off from Redis", true, NetworkFaults.CutFromRedisAsync);

    public static Fault CutFromSilos { get; } = new("a silo is cut off from the other silos", true, NetworkFaults.CutFromSilosAsync);

    public static Fault CutFromGateways { get; } = new("a silo is cut off from the gateways", true, NetworkFaults.CutFromGatewaysAsync);

    public static Fault UnplugSilo { get; } = new("a silo's host vanishes", true, NetworkFaults.UnplugAsync);

    public static IReadOnlyList<Fault> All { get; } =
    [
        KillSilo, KillSiloAgainAndAgain, KillAllSilos, PauseSilo, RestartAll, ScaleOutAndIn, TwoOwners, KillGateway, KillRedis, LoseLastSecond, SlowRedis, FloodSlowRedis,
        BusyProcessors, KillAzurite, CutFromRedis, CutFromSilos, CutFromGateways, UnplugSilo,
    ];
}
