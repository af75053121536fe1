using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Storage.Tests.Azure;

/// <summary>The way of one process to Azurite, on which a test loses requests or answers, or stops requests until it lets them go.</summary>
internal sealed class FaultyNetwork : DelegatingHandler
{
    private readonly Lock _lock = new();
    private Predicate<HttpRequestMessage>? _losesRequest;
    private Predicate<HttpRequestMessage>? _losesAnswer;
    private Predicate<HttpRequestMessage>? _stops;
    private TaskCompletionSource _stopped = new();
    private TaskCompletionSource _released = new();
    private int _left;
    private volatile WriteGate? _gate;

    public FaultyNetwork()
        : base(new SocketsHttpHandler())
    {
    }

    /// <summary>Completes when a request has been stopped.</summary>
    public Task Stopped => _stopped.Task;

    public static bool IsAppend(HttpRequestMessage request) => Asks(request, "comp=appendblock");

    public static bool IsSeal(HttpRequestMessage request) => Asks(request, "comp=seal");

    public static bool IsUpload(HttpRequestMessage request) => request.Method == HttpMethod.Put && request.RequestUri!.Query.Length == 0 && !IsCreate(request);

    /// <summary>Whether it creates a segment.</summary>
    public static bool IsCreate(HttpRequestMessage request) =>
        request.Headers.TryGetValues("x-ms-blob-type", out var types) && types.Contains("AppendBlob");

    /// <summary>The next so many of these requests never arrive.</summary>
    public void LoseRequests(Predicate<HttpRequestMessage> which, int count) => Lose(request: which, answer: null, count);

    /// <summary>The next so many of these requests are carried out, and nobody hears of it.</summary>
    public void LoseAnswers(Predicate<HttpRequestMessage> which, int count) => Lose(request: null, answer: which, count);

    /// <summary>The next of these requests waits for <see cref="Release"/>.</summary>
    public void Stop(Predicate<HttpRequestMessage> which)
    {
        lock (_lock)
        {
            (_stops, _stopped, _released) = (which, new TaskCompletionSource(), new TaskCompletionSource());
        }
    }

    /// <summary>Counts the uploads from now on.</summary>
    public void Watch(WriteGate gate) => _gate = gate;

    public void Release() => _released.SetResult();

    public AzureContainer Container(AzureStoreOptions options)
    {
        var clientOptions = AzureContainer.ClientOptions(options);
        clientOptions.Transport = new HttpClientTransport(new HttpClient(this, disposeHandler: false));
        return new AzureContainer(
            new BlobContainerClient(options.Storage, options.Container, clientOptions),
            options,
            new StoreHealth("test", TimeProvider.System),
            NullLogger<AzureContainer>.Instance);
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Task? wait = null;
        bool losesAnswer;
        lock (_lock)
        {
            if (_stops is not null && _stops(request))
            {
                _stops = null;
                wait = _released.Task;
                _stopped.SetResult();
            }

            if (_left > 0 && _losesRequest is not null && _losesRequest(request))
            {
                _left--;
                throw new HttpRequestException("The test lost the request.");
            }

            losesAnswer = _left > 0 && _losesAnswer is not null && _losesAnswer(request);
            _left -= losesAnswer ? 1 : 0;
        }

        if (wait is not null)
        {
            await wait.WaitAsync(cancellationToken);
        }

        var response = await SendCountedAsync(request, cancellationToken);
        if (losesAnswer)
        {
            response.Dispose();
            throw new HttpRequestException("The test lost the answer.");
        }

        return response;
    }

    private async Task<HttpResponseMessage> SendCountedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_gate is not { } gate || !IsUpload(request))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        gate.Enter();
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        finally
        {
            gate.Leave();
        }
    }

    private static bool Asks(HttpRequestMessage request, string what) => request.RequestUri!.Query.Contains(what, StringComparison.Ordinal);

    private void Lose(Predicate<HttpRequestMessage>? request, Predicate<HttpRequestMessage>? answer, int count)
    {
        lock (_lock)
        {
            (_losesRequest, _losesAnswer, _left) = (request, answer, count);
        }
    }
}
