namespace Metering.Core.Grants;

/// <summary>
/// The order in which grants burn: priority (lower first), earliest expiry (none last), earliest effective, earliest added, id. It is total:
/// ids are unique in an account, so no two grants compare equal and every replay burns the same.
/// </summary>
public sealed class BurnOrder : IComparer<Grant>
{
    public static BurnOrder Instance { get; } = new();

    public int Compare(Grant? x, Grant? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        var order = x.Terms.Priority.CompareTo(y.Terms.Priority);
        if (order == 0)
        {
            order = (x.ExpiresAt ?? DateTimeOffset.MaxValue).CompareTo(y.ExpiresAt ?? DateTimeOffset.MaxValue);
        }

        if (order == 0)
        {
            order = x.EffectiveAt.CompareTo(y.EffectiveAt);
        }

        if (order == 0)
        {
            order = x.AddedAt.CompareTo(y.AddedAt);
        }

        return order == 0 ? string.CompareOrdinal(x.Id, y.Id) : order;
    }
}
