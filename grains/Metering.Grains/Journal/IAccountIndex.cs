namespace Metering.Grains.Journal;

/// <summary>The accounts that have a stored snapshot, so that they can be listed without waking them.</summary>
public interface IAccountIndex
{
    /// <summary>
    /// Told before the first snapshot of an account is written. A store whose list follows from the snapshots themselves does nothing; after this
    /// one an account may be listed that has no snapshot yet, but none with a snapshot is missing.
    /// </summary>
    /// <exception cref="JournalStoreException">The store cannot be reached; the snapshot must not be written now.</exception>
    Task AddAsync(string account, CancellationToken cancellationToken);

    /// <summary>Ids of accounts that start with a prefix and come after another id, in ordinal order.</summary>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="after">Exclusive; empty to begin. It need not exist, nor start with the prefix.</param>
    /// <param name="limit">The most to return: 1 or more.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <exception cref="JournalStoreException">The store cannot be reached, or what it holds cannot be read.</exception>
    Task<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken cancellationToken);
}

/// <summary>Where accounts keep their snapshots: the names the account grain and every store must agree on.</summary>
public static class AccountStorage
{
    /// <summary>The name of the grain storage provider.</summary>
    public const string ProviderName = "accounts";

    /// <summary>The name of the grain state. A store's index lists the grain keys of exactly this state.</summary>
    public const string StateName = "account";
}
