using Metering.Contracts;
using CoreUsageWindow = Metering.Core.Rollups.UsageWindow;

namespace Metering.Grains.Accounts;

/// <summary>What the account used, as it knows by itself.</summary>
public sealed partial class AccountGrain
{
    public Task<Answer<AccountUsage>> ReadUsage(DateTimeOffset from, DateTimeOffset to, UsageWindow window) => Turn<AccountUsage>(_ =>
    {
        if (!_account.Exists)
        {
            return NotFoundAndLeave();
        }

        var used = _account.UsageIn(from, to, (CoreUsageWindow)window);
        return new AccountUsage
        {
            IsCovered = used is not null,
            Usage = used is null ? [] : [.. used.Select(static one => new MeterUsage(one.Start, one.Meter, one.Quantity, one.Credits, one.Lines))],
        };
    });
}
