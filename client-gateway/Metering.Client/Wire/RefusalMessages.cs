using Grpc.Core;

namespace Metering.Client.Wire;

/// <summary>Refusals from their messages.</summary>
internal static class RefusalMessages
{
    /// <summary>The refusal that a status carries, if it is one of the gateway and not of what lies between.</summary>
    public static Refusal? Of(RpcException exception) =>
        exception.GetRpcStatus()?.GetDetail<V1.Refusal>() is { } wire ? FromWire(wire) : null;

    public static Refusal FromWire(V1.Refusal wire) => new()
    {
        Code = wire.Code,
        Detail = wire.Detail,
        Account = WireValues.IfAny(wire.Account),
        Required = WireValues.FromWireIfAny(wire.Required),
        Available = WireValues.FromWireIfAny(wire.Available),
        IsRetryable = wire.Retryable,
        RetryAfter = wire.RetryAfter?.ToTimeSpan(),
        Errors = [.. wire.Errors.Select(static fault => new FieldFault(fault.Path, fault.Code, fault.Message))],
    };
}
