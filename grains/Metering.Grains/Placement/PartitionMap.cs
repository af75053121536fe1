using Metering.Contracts;
using Metering.Grains.Journal;
using Microsoft.Extensions.Options;

namespace Metering.Grains.Placement;

/// <summary>
/// Who owns which partition, as this silo sees the cluster: the active silos of its membership view, by <see cref="PartitionOwner"/>. A silo that is
/// shutting down is not active, so others own its partitions from then on; only when no silo is active at all does each one count as the owner, for then there is nobody
/// to hand anything to, and what was accepted is finished where it is.
/// </summary>
internal sealed class PartitionMap(IClusterMembershipService membership, ILocalSiloDetails local, IOptions<JournalOptions> journal) : IPartitionOwnership
{
    private View _view = new(MembershipVersion.MinValue, []);

    public bool IsMine(int partition) => Owner(partition).Equals(local.SiloAddress);

    /// <summary>The silo a partition's accounts are to live on.</summary>
    internal SiloAddress Owner(int partition)
    {
        var owners = Current.Owners;
        return owners.Length == 0 ? local.SiloAddress : owners[partition];
    }

    /// <summary>The partition of an account.</summary>
    internal int PartitionOf(string account) => AccountPartition.Of(account, journal.Value.Partitions);

    /// <summary>How many partitions there are.</summary>
    internal int Partitions => journal.Value.Partitions;

    /// <summary>The silos that own partitions, and the version of the membership that says so.</summary>
    internal (long Version, IReadOnlyList<SiloAddress> Silos) ActiveSilos
    {
        get
        {
            var snapshot = membership.CurrentSnapshot;
            return (snapshot.Version.Value, [.. ActiveIn(snapshot)]);
        }
    }

    /// <summary>Whether a silo other than this one is active.</summary>
    internal bool HasOthers => ActiveIn(membership.CurrentSnapshot).Any(silo => !silo.Equals(local.SiloAddress));

    private View Current
    {
        get
        {
            var snapshot = membership.CurrentSnapshot;
            var view = Volatile.Read(ref _view);
            if (view.Version != snapshot.Version)
            {
                // Several may do so at once; they come to the same.
                view = new View(snapshot.Version, Owners(snapshot));
                Volatile.Write(ref _view, view);
            }

            return view;
        }
    }

    private SiloAddress[] Owners(ClusterMembershipSnapshot snapshot)
    {
        var active = ActiveIn(snapshot).ToArray();
        return active.Length == 0 ? [] : [.. Enumerable.Range(0, journal.Value.Partitions).Select(partition => PartitionOwner.Of(partition, active)!)];
    }

    private static IEnumerable<SiloAddress> ActiveIn(ClusterMembershipSnapshot snapshot) =>
        snapshot.Members.Values.Where(static member => member.Status == SiloStatus.Active).Select(static member => member.SiloAddress);

    /// <param name="Version">Of the membership it was computed from.</param>
    /// <param name="Owners">By partition; empty when no silo is active.</param>
    private sealed record View(MembershipVersion Version, SiloAddress[] Owners);
}
