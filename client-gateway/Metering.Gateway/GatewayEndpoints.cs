using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Metering.Gateway;

/// <summary>Where the gateway listens, once it has started.</summary>
public sealed class GatewayEndpoints
{
    private ListenOptions? _http;
    private ListenOptions? _grpc;

    /// <summary>The base address of HTTP, such as <c>http://127.0.0.1:8080</c>.</summary>
    /// <exception cref="InvalidOperationException">The gateway has not started.</exception>
    public string Http => AddressOf(_http);

    /// <summary>The base address of gRPC.</summary>
    /// <exception cref="InvalidOperationException">The gateway has not started.</exception>
    public string Grpc => AddressOf(_grpc);

    // Without TLS nothing tells the two protocols apart on one port, so each has its own.
    internal void ListenHttp(ListenOptions options)
    {
        options.Protocols = HttpProtocols.Http1;
        _http = options;
    }

    internal void ListenGrpc(ListenOptions options)
    {
        options.Protocols = HttpProtocols.Http2;
        _grpc = options;
    }

    // Kestrel writes the port it was given into the options it was configured with.
    private static string AddressOf(ListenOptions? options) =>
        options?.IPEndPoint is { Port: > 0 } endpoint
            ? $"http://{endpoint}"
            : throw new InvalidOperationException("The gateway has not started.");
}
