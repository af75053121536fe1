using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Grains.Routing;

public static class ChargeRouterHosting
{
    /// <summary>Adds the silo's ways in for charges of many accounts at once: from its own process, and from others. Goes with <c>AddPartitionPlacement</c>.</summary>
    public static IServiceCollection AddChargeRouter(this IServiceCollection services) => services
        .AddSingleton<LocalAccounts>()
        .AddSingleton<AccountServices>()
        .AddSingleton<ICheckpointCaller, LocalCheckpointCaller>()
        .AddSingleton<ChargeRouter>()
        .AddSingleton<IChargeRouter>(static provider => provider.GetRequiredService<ChargeRouter>())
        .AddGrainService<ChargeRouterService>();
}
