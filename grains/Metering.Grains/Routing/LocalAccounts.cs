using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Metering.Grains.Accounts;

namespace Metering.Grains.Routing;

/// <summary>
/// The accounts that are active in this silo and can be charged here and now. Only a shortcut: an account that is not found is called as every
/// grain is, and one that is found and just leaving says so itself.
/// </summary>
public sealed class LocalAccounts
{
    private readonly ConcurrentDictionary<string, AccountGrain> _accounts = new(StringComparer.Ordinal);

    /// <summary>How many there are. Counts under all locks: for scrapes, not for requests.</summary>
    public int Count => _accounts.Count;

    internal bool TryGet(string account, [NotNullWhen(true)] out AccountGrain? grain) => _accounts.TryGetValue(account, out grain);

    internal void Add(string account, AccountGrain grain) => _accounts[account] = grain;

    /// <summary>Forgets an activation, but not the one that may have come after it.</summary>
    internal void Remove(string account, AccountGrain grain) => _accounts.TryRemove(KeyValuePair.Create(account, grain));
}
