using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Grpc;

/// <summary>Tells the edges apart.</summary>
internal static class GrpcRequest
{
    /// <summary>Whether it is a call of gRPC, whose answers are statuses in trailers.</summary>
    public static bool IsGrpc(this HttpContext context) => context.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) == true;
}
