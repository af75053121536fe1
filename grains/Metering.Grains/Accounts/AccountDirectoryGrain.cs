using Metering.Contracts;
using Metering.Grains.Journal;
using Orleans.Concurrency;

namespace Metering.Grains.Accounts;

/// <summary>
/// Lists accounts: those with a snapshot, from the store's index, and those that so far are only in the journal's tail. Every account is in
/// one of the two, because a record is trimmed only once a snapshot covers it.
/// </summary>
[Reentrant]
public sealed class AccountDirectoryGrain(Journal.Journal journal, IAccountIndex index) : Grain, IAccountDirectoryGrain
{
    public async Task<AccountPage> List(string prefix, string after, int limit)
    {
        // The tail first: an account may move from it to the index meanwhile, but not back.
        await journal.OpenAllAsync(CancellationToken.None);
        var inTail = journal.AccountsInTail(prefix, after, limit + 1);
        var stored = await index.ListAsync(prefix, after, limit + 1, CancellationToken.None);
        var accounts = inTail.Union(stored, StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(limit + 1).ToList();
        var more = accounts.Count > limit;
        return new AccountPage(more ? accounts[..limit] : accounts, more);
    }
}
