namespace Metering.Gateway.Routing;

/// <summary>
/// Counts how much of what is in work each account has, and gives none more than its share: one account that sends without end then leaves room for the others.
/// </summary>
/// <remarks>
/// Two rows of counters rather than an entry for each account: nothing is allocated, added or removed, however many accounts come and go. An account is over its share only when its
/// counters in both rows are, so one that meets a busy account in one row is not refused for it. Both rows meet by chance for one account in sixteen million.
/// </remarks>
/// <param name="max">An account's share.</param>
internal sealed class AccountShares(int max)
{
    private const int CounterBits = 12;
    private const int Counters = 1 << CounterBits;

    private readonly int[] _first = new int[Counters];
    private readonly int[] _second = new int[Counters];

    /// <summary>When true, <see cref="GiveBack"/> must follow.</summary>
    public bool TryTake(string account)
    {
        var (first, second) = PlacesOf(account);
        if (Interlocked.Increment(ref _first[first]) <= max | Interlocked.Increment(ref _second[second]) <= max)
        {
            return true;
        }

        GiveBack(account);
        return false;
    }

    public void GiveBack(string account)
    {
        var (first, second) = PlacesOf(account);
        Interlocked.Decrement(ref _first[first]);
        Interlocked.Decrement(ref _second[second]);
    }

    // The hash is seeded by chance in each process: nobody can choose an account's name to stand in another's light.
    private static (int First, int Second) PlacesOf(string account)
    {
        var hash = string.GetHashCode(account, StringComparison.Ordinal);
        return (hash & (Counters - 1), (hash >> CounterBits) & (Counters - 1));
    }
}
