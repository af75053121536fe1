using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace Metering.Ledger.Segments.Blobs;

/// <summary>The way to the ledger's container: every request goes through here, is bounded in time, and fails in an operator's words.</summary>
internal sealed class LedgerContainer
{
    internal const string UnusableStorage = "The Azure storage is neither a connection string nor the https address of a blob service.";

    // The first attempt and two more: a blip passes unnoticed.
    private const int MaxRetries = 2;

    // Slower than this a network is of no use to anybody.
    private const int BytesPerSecond = 1 << 20;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    private readonly BlobContainerClient _client;
    private readonly BlobLedgerOptions _options;
    private volatile bool _isThere;

    internal LedgerContainer(BlobLedgerOptions options)
    {
        options.Check();
        _options = options;
        _client = Client(options);
    }

    internal BlobContainerClient Blobs => _client;

    internal string Name => _client.Uri.ToString();

    internal BlobClient Blob(string name) => _client.GetBlobClient(name);

    /// <summary>How long a transfer of so many bytes may take.</summary>
    internal TimeSpan TimeFor(long bytes) => _options.RequestTimeout + TimeSpan.FromSeconds((double)bytes / BytesPerSecond);

    /// <summary>Makes a request; what it throws of a missing blob, or of one that is there already, is passed on.</summary>
    /// <exception cref="RequestFailedException">There is no such blob (<see cref="IsMissing"/>), or there is one and should be none (<see cref="IsTaken"/>).</exception>
    /// <exception cref="LedgerStoreException">The request may or may not have been carried out.</exception>
    internal Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken) =>
        RunAsync(limit => request(limit.Token), _options.RequestTimeout, cancellationToken);

    /// <inheritdoc cref="RunAsync{T}(Func{CancellationToken, Task{T}}, CancellationToken)"/>
    /// <param name="request">Given its time limit, which it may move when it knows how much there is to transfer.</param>
    /// <param name="timeout">The limit at first.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    internal async Task<T> RunAsync<T>(Func<CancellationTokenSource, Task<T>> request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await CreateOnceAsync(limit.Token);
            return await request(limit);
        }
        catch (RequestFailedException expected) when (IsMissing(expected) || IsTaken(expected))
        {
            throw;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception fault) when (fault is RequestFailedException or AggregateException or OperationCanceledException or IOException or AuthenticationFailedException)
        {
            throw new LedgerStoreException(Describe(fault), fault);
        }
    }

    /// <summary>There is no such blob, in a container that exists. The error code decides, never the status: 404 is also a container that is gone.</summary>
    internal static bool IsMissing(RequestFailedException exception) => exception.ErrorCode == "BlobNotFound";

    /// <summary>There is a blob of that name, and the request was to be carried out only if there was none.</summary>
    internal static bool IsTaken(RequestFailedException exception) => exception.ErrorCode is "BlobAlreadyExists" or "ConditionNotMet";

    // Once, and never again: one that vanishes later took entries with it, and an empty one in its place would hide that.
    private async Task CreateOnceAsync(CancellationToken cancellationToken)
    {
        if (!_options.MayCreate || _isThere)
        {
            return;
        }

        // Asked first: an identity that may only work inside the container is not refused for creating it.
        if (!await _client.ExistsAsync(cancellationToken))
        {
            await _client.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        }

        _isThere = true;
    }

    private string Describe(Exception exception) => exception switch
    {
        OperationCanceledException or TimeoutException => $"The ledger's container '{Name}' did not answer in time.",
        RequestFailedException { ErrorCode: "ContainerNotFound" } => $"The ledger's container '{Name}' is missing. Restore it: the entries that were archived are in it.",
        RequestFailedException { Status: 401 or 403 } refused => $"The ledger's container '{Name}' refuses this identity or key ({refused.ErrorCode}).",
        RequestFailedException { Status: 0 } unreachable => $"The ledger's container '{Name}' cannot be reached: {FirstLine(unreachable.Message)}",
        RequestFailedException failed => string.Create(CultureInfo.InvariantCulture, $"The ledger's container '{Name}' failed ({failed.Status} {failed.ErrorCode})."),
        AuthenticationFailedException => $"No credential for the ledger's container '{Name}': {FirstLine(exception.Message)}",

        // What the client throws when all its attempts have failed.
        AggregateException { InnerExceptions: [.., var last] } => Describe(last),
        _ => $"The ledger's container '{Name}' failed: {FirstLine(exception.Message)}",
    };

    private static string FirstLine(string message) => message.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? message[..end] : message;

    private static BlobContainerClient Client(BlobLedgerOptions options)
    {
        var client = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2026_02_06)
        {
            Retry = { Mode = RetryMode.Exponential, MaxRetries = MaxRetries, Delay = TimeSpan.FromMilliseconds(100), MaxDelay = options.RequestTimeout / 4 },
            Transport = new HttpClientTransport(new SocketsHttpHandler { ConnectTimeout = ConnectTimeout, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }),
        };
        if (Uri.TryCreate(options.Storage, UriKind.Absolute, out var service) && service.Scheme == Uri.UriSchemeHttps)
        {
            return new BlobServiceClient(service, new DefaultAzureCredential(), client).GetBlobContainerClient(options.Container);
        }

        try
        {
            return new BlobContainerClient(options.Storage, options.Container, client);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
        {
            // Without the cause: its message may hold the key.
            throw new LedgerStoreException(UnusableStorage);
        }
    }
}
