using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Grpc;

/// <summary>A refusal as a message, and as the status that ends a unary call.</summary>
internal static class Refusals
{
    public const string CodeTrailer = "metering-code";

    private const string Domain = "metering.v1";
    private const int MaxFaultsInTrailers = 25;

    public static V1.Refusal ToWire(Refusal refusal)
    {
        var wire = new V1.Refusal
        {
            Code = WireNames.Of(refusal.Code),
            Detail = refusal.Detail,
            Account = refusal.Account ?? "",
            Required = refusal.Required.ToWireIfAny(),
            Available = refusal.Available.ToWireIfAny(),
            RetryAfter = refusal.RetryAfter is { } retryAfter ? Duration.FromTimeSpan(retryAfter) : null,
            Retryable = refusal.IsRetryable,
        };
        foreach (var fault in refusal.Errors)
        {
            wire.Errors.Add(new V1.FieldFault { Path = fault.Path, Code = fault.Code, Message = fault.Message });
        }

        return wire;
    }

    public static RpcException ToException(Refusal refusal)
    {
        var code = WireNames.Of(refusal.Code);
        var status = new Google.Rpc.Status
        {
            Code = (int)Statuses.Grpc(refusal.Code),
            Message = refusal.Detail,
            Details =
            {
                Any.Pack(new ErrorInfo { Reason = code, Domain = Domain }),
                Any.Pack(ToWire(Bounded(refusal))),
            },
        };
        if (refusal.RetryAfter is { } retryAfter)
        {
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(retryAfter) }));
        }

        var exception = status.ToRpcException();
        exception.Trailers.Add(CodeTrailer, code);
        return exception;
    }

    // Trailers are headers, which clients bound to a few KiB; past that they would drop the whole status.
    private static Refusal Bounded(Refusal refusal) =>
        refusal.Errors.Count > MaxFaultsInTrailers ? refusal with { Errors = [.. refusal.Errors.Take(MaxFaultsInTrailers)] } : refusal;
}
