using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>
/// The accounts' grains. What kind of grain an account is Orleans looks up by reflection at each call; here it is remembered from the first.
/// </summary>
internal sealed class AccountGrains(IGrainFactory grains)
{
    private Kind? _kind;

    public IAccountGrain Of(string account)
    {
        if (Volatile.Read(ref _kind) is { } kind)
        {
            return (IAccountGrain)grains.GetGrain(GrainId.Create(kind.Type, account), kind.Interface);
        }

        var grain = grains.GetGrain<IAccountGrain>(account);
        if (grain is GrainReference reference)
        {
            Volatile.Write(ref _kind, new Kind(reference.GrainId.Type, reference.InterfaceType));
        }

        return grain;
    }

    private sealed record Kind(GrainType Type, GrainInterfaceType Interface);
}
