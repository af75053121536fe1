using Metering.Contracts;
using Metering.Gateway.Routing.Lanes;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Routing;

/// <summary>The silo of the same process: always there, and well when its directory can be read.</summary>
internal sealed class SiloInProcess(IGrainFactory grains, IServiceProvider services) : ISilos
{
    public string? WhyNotFound => null;

    public IChargeRouter? Charges { get; } = services.GetService<IChargeRouter>();

    public ChargeLanes? Lanes => null;

    public bool AreElsewhere => false;

    public Task Probe() => grains.GetGrain<IAccountDirectoryGrain>(0).List("", "", 1);
}
