using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Metering.Grains;

public static class RateCardServices
{
    /// <summary>What a silo needs to publish rate cards and to price by them. Settings: <see cref="RateCardOptions"/>.</summary>
    public static IServiceCollection AddRateCards(this IServiceCollection services)
    {
        services.AddOptions<RateCardOptions>()
            .Validate(
                options => options.IsValid,
                "RateCards: intervals and limits must be above 0, the lead time 0 or more, and RefreshInterval at most half of the lead time.");
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RateCards>();
        services.TryAddSingleton<RateCardRefresh>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<RateCardRefresh>());
        return services;
    }
}
