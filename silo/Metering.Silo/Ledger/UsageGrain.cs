using Metering.Contracts;
using Metering.Grains.Journal;
using Orleans.Concurrency;

namespace Metering.Silo.Ledger;

/// <summary>
/// Usage across accounts: each partition is asked where it is owned, and sums what is its own. One that cannot answer makes the whole answer a refusal: sums that are
/// smaller than the truth would not show it.
/// </summary>
/// <remarks>It keeps nothing, so each silo has its own and nobody waits for another's.</remarks>
[Reentrant, StatelessWorker(1)]
public sealed class UsageGrain(Journal journal) : Grain, IUsageGrain
{
    /// <summary>Partitions asked at the same time: each may answer with <see cref="MaxRowsOfPartition"/>.</summary>
    private const int MaxAsked = 8;

    /// <summary>Groups of a partition, where the largest are only known when all partitions are added up.</summary>
    private const int MaxRowsOfPartition = 50_000;

    public async Task<Answer<UsageReply>> Read(UsageRequest request)
    {
        if (journal.Partitions == 1)
        {
            return await GrainFactory.GetGrain<IPartitionUsageGrain>(0).Read(request);
        }

        // An account is in one partition: the largest of all are among the largest of each.
        var isApart = request.GroupBy.Contains(new UsageGroup(UsageGroupKind.Account, ""));
        var asked = request.Top is null || isApart ? request : request with { Top = null, MaxRows = MaxRowsOfPartition };
        var sum = new UsageMerge(request);
        foreach (var partitions in Enumerable.Range(0, journal.Partitions).Chunk(MaxAsked))
        {
            foreach (var answer in await Task.WhenAll(partitions.Select(partition => AskAsync(partition, asked))))
            {
                if (answer.Reply is not { } reply)
                {
                    return answer;
                }

                sum.Add(reply);
            }

            if (sum.Count > MaxRowsOfPartition || (request.Top is null && sum.Count > request.MaxRows))
            {
                return UsageReading.TooMany(request);
            }
        }

        return sum.Reply();
    }

    private async Task<Answer<UsageReply>> AskAsync(int partition, UsageRequest request)
    {
        var grain = GrainFactory.GetGrain<IPartitionUsageGrain>(partition);
        var answer = await grain.Read(request);

        // A partition that has just moved is refused where it was, and found when it is asked once more.
        return answer.Refusal is { Code: Code.Unavailable, IsLasting: false } ? await grain.Read(request) : answer;
    }
}
