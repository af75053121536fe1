using Metering.Contracts;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>Which lane each account's charges go into: one to the silo that owns its partition, as silos and gateways alike compute it.</summary>
internal sealed class ClusterMap
{
    private readonly int[] _laneOfPartition;

    private ClusterMap(ClusterView view, IReadOnlyList<SiloRoute> routes)
    {
        var places = routes.Select(static (route, place) => (route.Silo, place)).ToDictionary(static at => at.Silo, static at => at.place);
        var partitions = new int[routes.Count];
        Version = view.Version;
        Routes = routes;
        Lanes = [.. routes.SelectMany(static route => route.Lanes)];
        _laneOfPartition = new int[view.Partitions];
        for (var partition = 0; partition < view.Partitions; partition++)
        {
            // In turn, so that each lane of a silo gets as many of its partitions.
            var silo = places[PartitionOwner.Of(partition, view.Active)!];
            _laneOfPartition[partition] = (silo * LaneLimits.LanesPerSilo) + (partitions[silo]++ % LaneLimits.LanesPerSilo);
        }
    }

    /// <summary>Of the membership it was made from.</summary>
    public long Version { get; }

    public IReadOnlyList<SiloRoute> Routes { get; }

    public IReadOnlyList<ChargeLane> Lanes { get; }

    /// <summary>The place in <see cref="Lanes"/> of an account's charges.</summary>
    public int LaneOf(string account) => _laneOfPartition[AccountPartition.Of(account, _laneOfPartition.Length)];

    /// <param name="view">With at least one silo.</param>
    /// <param name="route">The route to a silo.</param>
    public static ClusterMap Of(ClusterView view, Func<SiloAddress, SiloRoute> route) => new(view, [.. view.Active.Select(route)]);
}
