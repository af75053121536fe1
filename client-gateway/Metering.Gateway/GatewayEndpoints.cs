using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Metering.Gateway;

/// <summary>Where the gateway listens, once it has started.</summary>
public sealed class GatewayEndpoints
{
    private string _scheme = Uri.UriSchemeHttp;
    private ListenOptions? _http;
    private ListenOptions? _grpc;

    /// <summary>The base address of HTTP, such as <c>http://127.0.0.1:8080</c>.</summary>
    /// <exception cref="InvalidOperationException">The gateway has not started.</exception>
    public string Http => AddressOf(_http);

    /// <summary>The base address of gRPC.</summary>
    /// <exception cref="InvalidOperationException">The gateway has not started.</exception>
    public string Grpc => AddressOf(_grpc);

    // Without TLS nothing tells the two protocols apart on one port, so each has its own.
    internal void ListenHttp(ListenOptions options, TlsHandshakeCallbackOptions? handshakes)
    {
        options.Protocols = HttpProtocols.Http1;
        _http = options;
        UseTls(options, handshakes);
    }

    internal void ListenGrpc(ListenOptions options, TlsHandshakeCallbackOptions? handshakes)
    {
        options.Protocols = HttpProtocols.Http2;
        _grpc = options;
        UseTls(options, handshakes);
    }

    private void UseTls(ListenOptions options, TlsHandshakeCallbackOptions? handshakes)
    {
        if (handshakes is not null)
        {
            _scheme = Uri.UriSchemeHttps;
            options.UseHttps(handshakes);
        }
    }

    // Kestrel writes the port it was given into the options it was configured with.
    private string AddressOf(ListenOptions? options) =>
        options?.IPEndPoint is { Port: > 0 } endpoint
            ? $"{_scheme}://{endpoint}"
            : throw new InvalidOperationException("The gateway has not started.");
}
