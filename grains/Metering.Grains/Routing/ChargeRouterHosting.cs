using Metering.Contracts;
using Metering.Grains.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Grains.Routing;

public static class ChargeRouterHosting
{
    /// <summary>Adds the silo's way in for charges of many accounts at once.</summary>
    public static IServiceCollection AddChargeRouter(this IServiceCollection services) =>
        services.AddSingleton<LocalAccounts>().AddSingleton<AccountServices>().AddSingleton<IChargeRouter, ChargeRouter>();
}
