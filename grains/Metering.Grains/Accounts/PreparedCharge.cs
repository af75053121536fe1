using Metering.Contracts;
using CoreCharge = Metering.Core.Charges.Charge;

namespace Metering.Grains.Accounts;

/// <summary>A charge in the core's terms, made before the account's turn, so that the turn is short.</summary>
internal readonly record struct PreparedCharge(CoreCharge Charge, bool Explain)
{
    internal static PreparedCharge From(ChargeRequest request) => new(AccountMapping.Charge(request), request.Explain);
}
