using Orleans.GrainDirectory;

namespace Metering.Grains.Placement;

/// <summary>
/// The grain directory of accounts and partitions: it remembers nothing, because where they are follows from the membership. Whoever looks for one is told that it is nowhere, and asks
/// the placement director, which names the owner.
/// </summary>
/// <remarks>
/// <para>Orleans' own directory keeps each entry in one silo, which need not be the grain's. When that one dies, whoever does not happen to have the address by heart must wait until it is declared dead, and all
/// activations whose entries it had are ended, on silos that are well. So the loss of one silo was felt by accounts everywhere.</para>
/// <para>What a directory is for, that there are no two of a grain, does not rest on it here: a silo has no two by itself, and of two silos only one can append (the fence of the journal). An activation that
/// a former owner still has lost its log with the partition, and leaves.</para>
/// </remarks>
internal sealed class OwnerDirectory : IGrainDirectory
{
    public const string Name = "owners";

    public Task<GrainAddress?> Register(GrainAddress address) => Task.FromResult<GrainAddress?>(address);

    public Task Unregister(GrainAddress address) => Task.CompletedTask;

    public Task<GrainAddress?> Lookup(GrainId grainId) => Task.FromResult<GrainAddress?>(null);

    public Task UnregisterSilos(List<SiloAddress> siloAddresses) => Task.CompletedTask;
}
