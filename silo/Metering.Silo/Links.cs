using System.Net;
using System.Net.Sockets;
using Metering.Contracts;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Silo;

/// <summary>The connections of silos with each other and with gateways: as Orleans makes them, but that they end when they are silent (<see cref="SilentLinks"/>).</summary>
internal sealed class Links(ILogger<Links> logger) : IConnectionFactory, IDisposable
{
    private const int Backlog = 512;
    private const int MaxWriteBufferBytes = 1024 * 1024;

    private readonly SocketConnectionContextFactory _contexts = new(new SocketConnectionFactoryOptions { MaxWriteBufferSize = MaxWriteBufferBytes }, logger);

    /// <summary>Puts itself in the place of Orleans' own, whose keys have no public names.</summary>
    public static void AddTo(IServiceCollection services)
    {
        foreach (var theirs in services.Where(static service => service.IsKeyedService).ToList())
        {
            if (theirs.ServiceType == typeof(IConnectionFactory))
            {
                services.Remove(theirs);
                services.AddKeyedSingleton<IConnectionFactory, Links>(theirs.ServiceKey);
            }
            else if (theirs.ServiceType == typeof(IConnectionListenerFactory))
            {
                services.Remove(theirs);
                services.AddKeyedSingleton<IConnectionListenerFactory>(theirs.ServiceKey, static (provider, _) => Listeners(provider.GetRequiredService<ILoggerFactory>()));
            }
        }
    }

    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = NewSocket(endpoint);
        try
        {
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

    private static SocketTransportFactory Listeners(ILoggerFactory loggers) => new(
        Options.Create(new SocketTransportOptions { Backlog = Backlog, MaxWriteBufferSize = MaxWriteBufferBytes, CreateBoundListenSocket = Bind }),
        loggers);

    private static Socket Bind(EndPoint endpoint)
    {
        var socket = NewSocket(endpoint);
        try
        {
            // A silo that was killed leaves connections behind that must not keep the next from its port.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(endpoint);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket NewSocket(EndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(enable: true, seconds: 0), NoDelay = true };
        socket.EndWhenSilent();
        return socket;
    }
}
