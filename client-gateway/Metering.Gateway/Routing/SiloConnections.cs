using System.Net;
using System.Net.Sockets;
using Metering.Contracts;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Routing;

/// <summary>The connections to silos: as Orleans makes them, but that they end when they are silent (<see cref="SilentLinks"/>).</summary>
internal sealed class SiloConnections(ILogger<SiloConnections> logger) : IConnectionFactory, IDisposable
{
    private const int MaxWriteBufferBytes = 1024 * 1024;

    private readonly SocketConnectionContextFactory _contexts = new(new SocketConnectionFactoryOptions { MaxWriteBufferSize = MaxWriteBufferBytes }, logger);

    /// <summary>Puts itself in the place of Orleans' own, whose key has no public name.</summary>
    public static void AddTo(IServiceCollection services)
    {
        var theirs = services.Single(static service => service.ServiceType == typeof(IConnectionFactory) && service.IsKeyedService);
        services.Remove(theirs);
        services.AddKeyedSingleton<IConnectionFactory, SiloConnections>(theirs.ServiceKey);
    }

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(enable: true, seconds: 0), NoDelay = true };
        try
        {
            socket.EndWhenSilent();
            await socket.ConnectAsync(endpoint, cancellationToken);
            return _contexts.Create(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose() => _contexts.Dispose();
}
