using Azure;
using Azure.Core;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Azure;

/// <summary>One store's way to its container: every request goes through here, is bounded in time, and is noted in the store's health.</summary>
internal sealed class AzureContainer(BlobContainerClient client, AzureStoreOptions options, StoreHealth health, ILogger<AzureContainer> logger)
{
    // The first attempt and two more, with a pause of a tenth of a second at first: a blip passes unnoticed, an outage is noticed within RequestTimeout.
    private const int MaxRetries = 2;

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

    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await CreateOnceAsync(limit.Token);
            var result = await request(limit.Token);
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

    private static BlobContainerClient Client(AzureStoreOptions options)
    {
        options.Check();
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
        };
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
}
