using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Orleans.Concurrency;

namespace Metering.Grains.Accounts;

/// <summary>One partition of the journal, keyed by its number, asked where it is owned.</summary>
[Alias("metering.IPartitionGrain")]
internal interface IPartitionGrain : IGrainWithIntegerKey
{
    /// <summary>Accounts with entries that no snapshot is known to cover, in ordinal order; opens the partition if need be.</summary>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="after">Exclusive; empty to begin.</param>
    /// <param name="limit">At most so many.</param>
    /// <exception cref="JournalUnavailableException">The partition cannot be opened now, or is another silo's.</exception>
    [Alias("AccountsInTail"), ReadOnly]
    Task<IReadOnlyList<string>> AccountsInTail(string prefix, string after, int limit);
}

/// <summary>Speaks for a partition that this silo owns.</summary>
[Reentrant, PartitionPlacement]
internal sealed class PartitionGrain(Journal.Journal journal, IPartitionOwnership ownership) : OwnedGrain(ownership), IPartitionGrain
{
    protected override int Partition => (int)this.GetPrimaryKeyLong();

    public Task<IReadOnlyList<string>> AccountsInTail(string prefix, string after, int limit) => journal.AccountsInTailAsync(Partition, prefix, after, limit, CancellationToken.None);
}
