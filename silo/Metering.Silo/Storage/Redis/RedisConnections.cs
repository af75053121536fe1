using System.Net.Sockets;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

/// <summary>The connections of one store to its Redis, and the bound on the time of each command.</summary>
/// <remarks>
/// Nothing is sent twice: the client repeats a command only when the server said that it did not carry it out (<c>MOVED</c>, <c>NOSCRIPT</c>). While there is no
/// connection commands fail at once; none waits for one, to be carried out long after its caller has given up.
/// </remarks>
internal sealed class RedisConnections : IAsyncDisposable
{
    internal const int MaxConnections = 16;

    // Of Linux: IPPROTO_TCP and TCP_USER_TIMEOUT.
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    // How often the client looks for commands that took too long and for connections to renew.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(250);

    private readonly RedisStoreOptions _options;
    private readonly ConfigurationOptions _configuration;
    private readonly ILogger _logger;
    private readonly int _count;
    private ConnectionMultiplexer[] _connections = [];

    /// <exception cref="JournalStoreException">A setting cannot work.</exception>
    public RedisConnections(RedisStoreOptions options, int count, ILogger<RedisConnections> logger)
    {
        Check(!string.IsNullOrEmpty(options.ServiceId) && options.ServiceId.AsSpan().IndexOfAny('{', '}') < 0, "its service id must be a name without braces");
        Check(count is >= 1 and <= MaxConnections, $"its connections must be 1 to {MaxConnections}");
        Check(options.Timeout >= TimeSpan.FromMilliseconds(100) && options.Timeout <= TimeSpan.FromMinutes(1), "its timeout must be 100 milliseconds to a minute");
        _options = options;
        _count = count;
        _logger = logger;
        _configuration = Configure(options);

        static void Check(bool holds, string fault)
        {
            if (!holds)
            {
                throw new JournalStoreException($"The settings of Redis cannot work: {fault}.");
            }
        }
    }

    /// <summary>For messages: the addresses, without the password.</summary>
    public string Addresses => string.Join(',', _configuration.EndPoints.Select(RedisFault.Address));

    public bool AllowsVolatile => _options.AllowVolatile;

    /// <summary>Connects, and makes sure that this Redis keeps what it is given.</summary>
    /// <exception cref="JournalStoreException">It cannot be reached, or would forget. One line for the operator.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            _connections = await Task.WhenAll(Enumerable.Range(0, _count).Select(_ => ConnectOneAsync())).WaitAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is RedisException or RedisCommandException or TimeoutException)
        {
            throw RedisFault.From(exception, Addresses);
        }

        await RedisPersistence.CheckAsync(_connections[0], _options.AllowVolatile, _logger, cancellationToken);
        Log.Connected(_logger, Addresses, _count);
    }

    /// <summary>Carries out a command.</summary>
    /// <param name="key">Commands of one key go through one connection.</param>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Cancels the wait, not the command.</param>
    /// <exception cref="JournalStoreException">No answer, or a refusal. Without an answer the outcome is unknown.</exception>
    public async Task<T> RunAsync<T>(string key, Func<IDatabase, Task<T>> command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var answer = command(Connection(key).GetDatabase());
            if (!answer.IsCompleted)
            {
                // The client looks at its own clock only now and then, and not while a write of its is stuck.
                _ = answer.ContinueWith(
                    static late => _ = late.Exception,
                    CancellationToken.None,
                    TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                    TaskScheduler.Default);
            }

            return await answer.WaitAsync(_options.Timeout, cancellationToken);
        }
        catch (Exception exception) when (exception is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException)
        {
            throw RedisFault.From(exception, Addresses);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in Interlocked.Exchange(ref _connections, []))
        {
            await connection.DisposeAsync();
        }
    }

    private ConnectionMultiplexer Connection(string key)
    {
        var connections = _connections;
        return connections.Length == 0
            ? throw new JournalStoreException($"Redis {Addresses} is not connected: the silo has not started yet, or has stopped.")
            : connections[(key.GetHashCode(StringComparison.Ordinal) & int.MaxValue) % connections.Length];
    }

    private async Task<ConnectionMultiplexer> ConnectOneAsync()
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(_configuration);
        connection.ConnectionFailed += (_, failure) =>
        {
            if (failure.ConnectionType == ConnectionType.Interactive)
            {
                Log.ConnectionLost(_logger, RedisFault.Address(failure.EndPoint), failure.FailureType, failure.Exception);
            }
        };
        connection.ConnectionRestored += (_, restored) =>
        {
            if (restored.ConnectionType == ConnectionType.Interactive)
            {
                Log.ConnectionRestored(_logger, RedisFault.Address(restored.EndPoint));
            }
        };
        return connection;
    }

    private static ConfigurationOptions Configure(RedisStoreOptions options)
    {
        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(options.Configuration);
        }
        catch (ArgumentException exception)
        {
            throw new JournalStoreException($"The connection string of Redis cannot be read: {exception.Message}", exception);
        }

        if (configuration.EndPoints.Count == 0)
        {
            throw new JournalStoreException("The connection string of Redis names no server.");
        }

        if (options.CertificateAuthorityFile is { } authority)
        {
            configuration.TrustIssuer(authority);
        }

        var milliseconds = (int)options.Timeout.TotalMilliseconds;
        // The client counts CONFIG and INFO among the commands of administrators.
        configuration.AllowAdmin = true;
        configuration.AbortOnConnectFail = true;
        configuration.AsyncTimeout = milliseconds;
        configuration.SyncTimeout = milliseconds;
        configuration.HeartbeatInterval = Heartbeat;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.ReconnectRetryPolicy = new Reconnecting();

        // Neither the tie-breaker's key nor the channel is used here; both would only touch a Redis that is not ours alone.
        configuration.TieBreaker = "";
        configuration.ConfigurationChannel = "";
        configuration.BeforeSocketConnect = (_, _, socket) => LimitSilence(socket, milliseconds);
        return configuration;
    }

    /// <summary>
    /// Without it a machine that vanished is believed for a quarter of an hour, for as long as the kernel goes on sending again. A server that is merely slow still
    /// acknowledges packets, and keeps its connection.
    /// </summary>
    private static void LimitSilence(Socket socket, int milliseconds)
    {
        if (OperatingSystem.IsLinux() && socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
        {
            Span<byte> value = stackalloc byte[sizeof(int)];
            BitConverter.TryWriteBytes(value, milliseconds);
            socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, value);
        }
    }
}
