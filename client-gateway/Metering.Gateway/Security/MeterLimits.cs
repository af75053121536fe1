using Metering.Contracts;
using Metering.Gateway.Routing;

namespace Metering.Gateway.Security;

/// <summary>
/// For callers that may charge some meters only, and name a hold or a charge instead of the meter: looks up whose meter it is. What is not there to be looked up goes on to the account,
/// which says so. Callers that may charge all meters cost nothing.
/// </summary>
internal sealed class MeterLimits(GrainRouter router)
{
    /// <returns>Why a hold may not be settled or released; null when it may.</returns>
    public async ValueTask<Refusal?> CheckHold(Caller caller, string account, string hold)
    {
        if (caller.Meters.FitsAll)
        {
            return null;
        }

        var answer = await router.GetAccount(account);
        return answer.Reply is not { } view ? answer.Refusal
            : view.Holds.FirstOrDefault(open => open.Hold == hold) is { } open && !(open.Meter is { } meter && caller.Meters.Fits(meter)) ? Caller.Forbidden
            : null;
    }

    /// <returns>Why a charge may not be reversed; null when it may.</returns>
    public async ValueTask<Refusal?> CheckCharge(Caller caller, string account, string charge)
    {
        if (caller.Meters.FitsAll)
        {
            return null;
        }

        var answer = await router.GetCharge(account, charge);
        return answer.Reply is not { } view ? answer.Refusal : view.Lines.All(line => caller.Meters.Fits(line.Meter)) ? null : Caller.Forbidden;
    }
}
