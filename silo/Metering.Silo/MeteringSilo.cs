using Metering.Grains;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Grains.Routing;
using Metering.Silo.Ledger;
using Metering.Silo.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace Metering.Silo;

/// <summary>Puts the grains and their journal into a silo. A store (<c>AddEmbeddedStore</c>) and clustering are the host's to add.</summary>
public static class MeteringSilo
{
    /// <summary>
    /// Requests that may wait for one account at most; beyond it Orleans refuses the call at once, so that one hot account cannot fill the
    /// silo's memory.
    /// </summary>
    private const int MaxWaitingPerAccount = 50_000;

    public static ISiloBuilder AddMetering(this ISiloBuilder silo, Action<AccountOptions> accounts, Action<JournalOptions> journal, Action<RateCardOptions> rateCards)
    {
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.Configure(accounts);
        silo.Services.AddPartitionPlacement();
        silo.Services.AddJournal(journal);
        silo.Services.AddRateCards();
        silo.Services.AddChargeRouter();
        silo.Services.Configure(rateCards);
        silo.Services.AddSingleton<LedgerFiles>();
        silo.Services.AddHostedService<SiloMetrics>();
        silo.Services.Configure<SiloMessagingOptions>(options => options.MaxEnqueuedRequestsHardLimit = MaxWaitingPerAccount);
        return silo;
    }

    /// <summary>
    /// Lets the silo be seen in the dashboard of Orleans, which gateways serve. It puts a filter around every call of a grain, and measures calls while somebody looks and for a minute after; charges
    /// that come in messages are no calls of grains.
    /// </summary>
    public static ISiloBuilder AddMeteringDashboard(this ISiloBuilder silo) => silo.AddDashboard(static dashboard => dashboard.HideTrace = true);
}
