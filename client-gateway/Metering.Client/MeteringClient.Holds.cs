using Metering.Client.Wire;

namespace Metering.Client;

/// <content>Credits set aside, and what becomes of them.</content>
public sealed partial class MeteringClient
{
    /// <summary>Sets credits aside for usage whose size is not known yet.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<HoldReply>> PlaceHoldAsync(string account, Hold hold, CancellationToken cancellationToken = default) =>
        Send(_calls.PlaceHoldAsync, HoldMessages.ToWire(account, hold), HoldMessages.FromWire, cancellationToken);

    /// <summary>Charges a hold's actual usage; a refused settle leaves the hold as it was.</summary>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<SettleReply>> SettleHoldAsync(string account, string hold, Settle settle, CancellationToken cancellationToken = default) =>
        Send(_calls.SettleHoldAsync, HoldMessages.ToWire(account, hold, settle), HoldMessages.FromWire, cancellationToken);

    /// <summary>Gives a hold's credits back.</summary>
    /// <param name="account">The account.</param>
    /// <param name="hold">The hold.</param>
    /// <param name="id">The release's own, from the same set as charges' ids. A retry sends the same.</param>
    /// <param name="cancellationToken">Cancels the wait; the outcome is then unknown.</param>
    /// <exception cref="MeteringException">No answer came by the deadline; the outcome is unknown.</exception>
    public Task<Answer<SettleReply>> ReleaseHoldAsync(string account, string hold, string id, CancellationToken cancellationToken = default) =>
        Send(_calls.ReleaseHoldAsync, new V1.ReleaseHoldRequest { Account = account, Hold = hold, Id = id }, HoldMessages.FromWire, cancellationToken);
}
