namespace Metering.Contracts;

/// <summary>
/// One account as it was, keyed by its id. It is brought to where it was by its entries, from the last state on that the ledger keeps of it before, or from the first: refuses with <see cref="Code.TooOld"/> where they do not all exist any more,
/// with <see cref="Code.DetailNotKept"/> where they are rolled up, with <see cref="Code.OutOfRange"/> where there are more of them than are applied for one answer, with <see cref="Code.InFuture"/> for what has not come yet.
/// </summary>
[Alias("metering.IAccountHistoryGrain")]
public interface IAccountHistoryGrain : IGrainWithStringKey
{
    /// <summary>
    /// As it was at an instant, open holds included: after every entry of that instant, and with everything that had fallen due by then. Refuses with
    /// <see cref="Code.AccountNotFound"/> when it did not exist yet.
    /// </summary>
    [Alias("GetAt"), ResponseTimeout("00:01:00")]
    Task<Answer<AccountView>> GetAt(DateTimeOffset at);

    /// <summary>As it was right after one of its entries.</summary>
    /// <param name="sequence">1 or more.</param>
    [Alias("GetAfter"), ResponseTimeout("00:01:00")]
    Task<Answer<AccountView>> GetAfter(long sequence);
}
