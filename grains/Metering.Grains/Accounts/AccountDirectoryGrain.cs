using Metering.Contracts;
using Metering.Grains.Journal;
using Orleans.Concurrency;

namespace Metering.Grains.Accounts;

/// <summary>
/// Lists accounts: those with a snapshot, from the store's index, and those that so far are only in a partition's tail, from the partition's owner. Every account is in
/// one of the two, because a record is trimmed only once a snapshot covers it. A partition that cannot be asked is an error: a list that is shorter than
/// the truth would not show it.
/// </summary>
/// <remarks>It keeps nothing, so each silo has its own and nobody's list waits for another's.</remarks>
[Reentrant, StatelessWorker(1)]
public sealed class AccountDirectoryGrain(Journal.Journal journal, IAccountIndex index) : Grain, IAccountDirectoryGrain
{
    /// <summary>Partitions asked at the same time: each may answer with a whole page.</summary>
    private const int MaxAsked = 32;

    public async Task<AccountPage> List(string prefix, string after, int limit)
    {
        // The tails first: an account may move from there to the index meanwhile, but not back.
        var accounts = await InTails(prefix, after, limit + 1);
        accounts = First(accounts.Union(await index.ListAsync(prefix, after, limit + 1, CancellationToken.None), StringComparer.Ordinal), limit + 1);
        var more = accounts.Count > limit;
        return new AccountPage(more ? accounts[..limit] : accounts, more);
    }

    private async Task<List<string>> InTails(string prefix, string after, int limit)
    {
        var found = new List<string>();
        foreach (var asked in Enumerable.Range(0, journal.Partitions).Chunk(MaxAsked))
        {
            var pages = await Task.WhenAll(asked.Select(partition => GrainFactory.GetGrain<IPartitionGrain>(partition).AccountsInTail(prefix, after, limit)));
            found = First(pages.SelectMany(static page => page).Concat(found), limit);
        }

        return found;
    }

    private static List<string> First(IEnumerable<string> accounts, int limit) => [.. accounts.Order(StringComparer.Ordinal).Take(limit)];
}
