namespace Metering.Grains.Accounts;

/// <summary>
/// Keeps states of accounts for as long as their entries, so that looking back need not begin with an account's first entry (<see cref="AccountHistoryGrain"/>). A silo that keeps no ledger has none.
/// </summary>
public interface IStateArchive
{
    /// <summary>Keeps a state. Never throws; nothing depends on it but how far one can look back.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="partition">The account's.</param>
    /// <param name="state">Of committed entries only.</param>
    /// <returns>False when it is not kept: as many are on their way as it takes at once, or its store fails. A later one may be.</returns>
    Task<bool> TryKeepAsync(string account, int partition, KeptState state);

    /// <summary>States that were kept of an account at or before a sequence and an instant, the latest first. What is damaged is passed over.</summary>
    /// <exception cref="Journal.JournalArchiveException">It cannot be reached.</exception>
    IAsyncEnumerable<KeptState> ReadAsync(string account, int partition, long sequence, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>An account's state, without the blocks of its remembered ids: to look at, not to go on with.</summary>
/// <param name="Sequence">Of its last entry.</param>
/// <param name="At">When that happened.</param>
/// <param name="Bytes">As <see cref="Core.Accounts.Account.Write"/> wrote it.</param>
public sealed record KeptState(long Sequence, DateTimeOffset At, ReadOnlyMemory<byte> Bytes);
