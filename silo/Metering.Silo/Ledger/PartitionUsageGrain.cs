using Metering.Contracts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Orleans.Concurrency;

namespace Metering.Silo.Ledger;

/// <summary>Usage of the accounts of one partition, keyed by its number, asked where it is owned.</summary>
[Alias("metering.IPartitionUsageGrain")]
internal interface IPartitionUsageGrain : IGrainWithIntegerKey
{
    [Alias("Read"), ReadOnly, ResponseTimeout("00:00:20")]
    Task<Answer<UsageReply>> Read(UsageRequest request);
}

/// <summary>Speaks for a partition that this silo owns.</summary>
[Reentrant, PartitionPlacement]
internal sealed class PartitionUsageGrain(IPartitionOwnership ownership, IServiceProvider services) : OwnedGrain(ownership), IPartitionUsageGrain
{
    protected override int Partition => (int)this.GetPrimaryKeyLong();

    public Task<Answer<UsageReply>> Read(UsageRequest request) => UsageReading.ReadAsync(services, Partition, account: null, request);
}
