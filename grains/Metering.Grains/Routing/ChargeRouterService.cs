using Metering.Contracts;
using Metering.Grains.Placement;
using Microsoft.Extensions.Logging;

namespace Metering.Grains.Routing;

/// <summary>Takes gateways' messages to the silo's <see cref="ChargeRouter"/>.</summary>
/// <remarks>
/// It serves until the silo's end, also while it shuts down: then it finds fewer and fewer accounts active, and leaves their charges to ordinary calls, which
/// find the next owner. It keeps nothing, so several may speak for a silo's accounts or none: what a gateway was not answered it asks again.
/// </remarks>
internal sealed class ChargeRouterService : GrainService, IChargeRouterService
{
    private readonly ChargeRouter _router;
    private readonly PartitionMap _map;
    private readonly ILocalSiloDetails _local;

    /// <param name="_">What Orleans would call it: a name that gateways do not know.</param>
    /// <param name="silo">Where it is.</param>
    /// <param name="loggers">For its base.</param>
    /// <param name="router">Decides.</param>
    /// <param name="map">Who owns what.</param>
    /// <param name="local">The silo's addresses.</param>
    public ChargeRouterService(GrainId _, Silo silo, ILoggerFactory loggers, ChargeRouter router, PartitionMap map, ILocalSiloDetails local)
        : base(ChargeRouting.At(local.SiloAddress), silo, loggers) => (_router, _map, _local) = (router, map, local);

    /// <summary>On the pool's threads: on its own scheduler one message would wait while another is decided.</summary>
    public async Task<ChargeAnswers> Charge(ChargeMessage message) => new() { Answers = await Task.Run(() => _router.ChargeHere(message.Charges)) };

    public Task<ClusterView> View()
    {
        var (version, active) = _map.ActiveSilos;
        return Task.FromResult(new ClusterView
        {
            Silo = _local.SiloAddress,
            Gateway = _local.GatewayAddress,
            Version = version,
            Active = active,
            Partitions = _map.Partitions,
        });
    }
}
