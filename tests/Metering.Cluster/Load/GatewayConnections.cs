using System.Net.Http.Headers;
using System.Text.Json;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Load;

/// <summary>HTTP to the gateways of a cluster. Nothing is retried here.</summary>
internal sealed class GatewayConnections : IDisposable
{
    private const int MaxConnectionsPerGateway = 512;

    /// <summary>More than a gateway takes to give up by itself.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);
    private static readonly JsonSerializerOptions WireJson = new(JsonSerializerDefaults.Web);

    private volatile HttpClient[] _gateways;

    public GatewayConnections(IEnumerable<Uri> gateways) => _gateways = [.. gateways.Select(Connect)];

    /// <summary>From now on this one takes its share too. Not for two threads at once.</summary>
    public void Add(Uri gateway) => _gateways = [.. _gateways, Connect(gateway)];

    /// <summary>Sends to one of the gateways: the number may be any, the rest of its division counts.</summary>
    public async Task<Answer> SendAsync(int gateway, HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, WireJson));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        var gateways = _gateways;
        using var response = await gateways[(uint)gateway % (uint)gateways.Length].SendAsync(request, cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) ?? false;
        return new Answer((int)response.StatusCode, isJson ? JsonElement.Parse(bytes) : default);
    }

    /// <summary>Whether a call ended without an answer: its outcome is unknown.</summary>
    public static bool IsLoss(Exception failure) => failure is HttpRequestException or IOException or TaskCanceledException;

    private static HttpClient Connect(Uri gateway) => new(
        new SocketsHttpHandler { MaxConnectionsPerServer = MaxConnectionsPerGateway, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) })
    {
        BaseAddress = gateway,
        Timeout = AnswerTimeout,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", GatewayProcess.AdminKey) },
    };

    public void Dispose()
    {
        foreach (var gateway in _gateways)
        {
            gateway.Dispose();
        }
    }
}
