using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Azure;

/// <summary>One store's way to its container: every request goes through here, is bounded in time, and is noted in the store's health.</summary>
internal sealed class AzureContainer(BlobContainerClient client, AzureStoreOptions options, StoreHealth health, ILogger<AzureContainer> logger)
{
    // The first attempt and two more, with a pause of a tenth of a second at first: a blip passes unnoticed, an outage is noticed within RequestTimeout.
    private const int MaxRetries = 2;

    // Slower than this a network is of no use to anybody.
    private const int BytesPerSecond = 1 << 20;

    // More than the lanes of snapshots and the logs of a silo have under way.
    private const int MaxConnections = 512;

    private volatile bool _isThere;

    public AzureStoreOptions Options => options;

    public StoreHealth Health => health;

    private string Name => client.Uri.ToString();

    /// <exception cref="JournalStoreException">A setting cannot work.</exception>
    public static AzureContainer From(AzureStoreOptions options, StoreHealth health, ILogger<AzureContainer> logger) => new(Client(options), options, health, logger);

    public BlobClient Blob(string name) => client.GetBlobClient(name);

    public AppendBlobClient AppendBlob(string name) => client.GetAppendBlobClient(name);

    public BlobContainerClient Blobs => client;

    /// <summary>Creates the container unless it is there.</summary>
    /// <param name="mustAnswer">Whether a store that is merely away fails the start too; a wrong setting always does.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="JournalStoreException">The container cannot be used; one line for the operator.</exception>
    public async Task StartAsync(bool mustAnswer, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(_ => Task.FromResult(true), cancellationToken);
            Log.Opened(logger, Name, health.Store);
        }
        catch (JournalStoreException fault) when (!mustAnswer && fault.InnerException is { } cause && AzureFault.IsAway(cause))
        {
            Log.AwayAtStart(logger, health.Store, Name, fault.Message);
        }
    }

    /// <summary>Makes a request, and passes on its result or one of the answers that <see cref="AzureFault.IsAnswer"/> knows.</summary>
    /// <exception cref="RequestFailedException">The blob is missing, or the request's condition does not hold.</exception>
    /// <exception cref="JournalStoreException">Everything else: the request may or may not have been carried out.</exception>
    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, CancellationToken cancellationToken) =>
        RunAsync(request, options.RequestTimeout, cancellationToken);

    public Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(limit => request(limit.Token), timeout, cancellationToken);

    /// <summary>How long a request may take that moves this many bytes.</summary>
    public TimeSpan TimeFor(long bytes) => options.RequestTimeout + TimeSpan.FromSeconds((double)bytes / BytesPerSecond);

    /// <summary>Reads a blob whole. Its answer must begin in time; its bytes then have the time they need.</summary>
    public Task<(BinaryData Content, BlobDownloadDetails Details)> DownloadAsync(string name, CancellationToken cancellationToken) => RunAsync(
        async limit =>
        {
            using var answer = (await client.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: limit.Token)).Value;
            limit.CancelAfter(TimeFor(answer.Details.ContentLength));
            var bytes = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(bytes, limit.Token);
            return (BinaryData.FromBytes(bytes), answer.Details);
        },
        options.RequestTimeout,
        cancellationToken);

    private async Task<T> RunAsync<T>(Func<CancellationTokenSource, Task<T>> request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await CreateOnceAsync(limit.Token);
            var result = await request(limit);
            Succeeded();
            return result;
        }
        catch (RequestFailedException answer) when (AzureFault.IsAnswer(answer))
        {
            Succeeded();
            throw;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException or OperationCanceledException or IOException or AuthenticationFailedException)
        {
            var fault = AzureFault.From(exception, Name);
            if (health.Failed(fault.Message))
            {
                Log.Failing(logger, health.Store, Name, fault.Message);
            }

            throw fault;
        }
    }

    // Once, and never again: a container that vanishes later took data with it, and an empty one in its place would make every account new.
    private async Task CreateOnceAsync(CancellationToken cancellationToken)
    {
        if (!_isThere)
        {
            // Asked first: an identity that may only work inside the container is not refused for creating it.
            if (!await client.ExistsAsync(cancellationToken))
            {
                await client.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            }

            _isThere = true;
        }
    }

    private void Succeeded()
    {
        if (health.Succeeded())
        {
            Log.Answers(logger, health.Store, Name);
        }
    }

    /// <summary>How requests are repeated, and in which version of the service they are made.</summary>
    internal static BlobClientOptions ClientOptions(AzureStoreOptions options)
    {
        var clientOptions = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2026_02_06)
        {
            Retry =
            {
                Mode = RetryMode.Exponential,
                MaxRetries = MaxRetries,
                Delay = TimeSpan.FromMilliseconds(100),
                MaxDelay = options.RequestTimeout / 4,

                // A connection that went dead must leave time for another attempt.
                NetworkTimeout = options.RequestTimeout / 2,
            },

            // Not the connections all clients of a process share, of which there are 50: an append must not wait behind snapshots.
            Transport = new HttpClientTransport(new SocketsHttpHandler
            {
                MaxConnectionsPerServer = MaxConnections,
                ConnectTimeout = options.RequestTimeout / 2,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            }),
        };
        clientOptions.AddPolicy(new UploadTime(options.RequestTimeout / 2), HttpPipelinePosition.PerCall);
        return clientOptions;
    }

    private static BlobContainerClient Client(AzureStoreOptions options)
    {
        options.Check();
        var clientOptions = ClientOptions(options);
        if (Uri.TryCreate(options.Storage, UriKind.Absolute, out var service) && service.Scheme == Uri.UriSchemeHttps)
        {
            return new BlobServiceClient(service, new DefaultAzureCredential(), clientOptions).GetBlobContainerClient(options.Container);
        }

        try
        {
            return new BlobContainerClient(options.Storage, options.Container, clientOptions);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or InvalidOperationException)
        {
            // Without the cause: its message may hold the key.
            throw new JournalStoreException("The Azure storage is neither a connection string nor the https address of a blob service.");
        }
    }

    /// <summary>Gives an attempt the time its bytes take: the client would count a large upload as a silent network.</summary>
    private sealed class UploadTime(TimeSpan atLeast) : HttpPipelineSynchronousPolicy
    {
        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.Request.Content is { } content && content.TryComputeLength(out var bytes))
            {
                message.NetworkTimeout = atLeast + TimeSpan.FromSeconds((double)bytes / BytesPerSecond);
            }
        }
    }
}
