namespace Metering.Gateway.Routing;

/// <summary>A place among the requests in work that counts towards its account's share, or one that nobody counts.</summary>
internal readonly struct AccountPlace(AccountShares? shares, string account) : IDisposable
{
    public bool IsCounted => shares is not null;

    public void Dispose() => shares?.GiveBack(account);
}
