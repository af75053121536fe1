using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Metering.LoadTest;

/// <summary>The HTTP interface as any caller sees it: JSON out, JSON in, nothing retried and nothing interpreted.</summary>
internal sealed class MeteringApi : IDisposable
{
    private static readonly JsonSerializerOptions WireJson = new(JsonSerializerDefaults.Web);
    private readonly HttpClient _http;

    /// <param name="target">Where the server listens.</param>
    /// <param name="maxConnections">How many requests may be under way at once.</param>
    /// <param name="timeout">How long to wait for an answer; after it the outcome is unknown.</param>
    /// <param name="key">The API key; null where none is needed.</param>
    public MeteringApi(Uri target, int maxConnections, TimeSpan timeout, string? key)
    {
        Target = target;
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = maxConnections, UseProxy = false })
        {
            BaseAddress = target,
            Timeout = timeout,
            DefaultRequestHeaders = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) },
        };
    }

    public Uri Target { get; }

    public Task<ApiReply> GetReadinessAsync(CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, "/healthz/ready", null, cancellationToken);

    public Task<ApiReply> GetRateCardAsync(string card, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"/v1/rate-cards/{card}", null, cancellationToken);

    public Task<ApiReply> GetAccountAsync(string account, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"/v1/accounts/{account}", null, cancellationToken);

    public Task<ApiReply> PutAccountAsync(string account, object settings, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"/v1/accounts/{account}", Json(settings), cancellationToken);

    public Task<ApiReply> AddGrantAsync(string account, object grant, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"/v1/accounts/{account}/grants", Json(grant), cancellationToken);

    public Task<ApiReply> ChargeAsync(string account, byte[] charge, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"/v1/accounts/{account}/charges", charge, cancellationToken);

    public Task<ApiReply> ChargeAsync(string account, object charge, CancellationToken cancellationToken) =>
        ChargeAsync(account, Json(charge), cancellationToken);

    public Task<ApiReply> ChargeManyAsync(IEnumerable<object> charges, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "/v1/charges", Json(new { charges }), cancellationToken);

    public Task<ApiReply> GetChargeAsync(string account, string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"/v1/accounts/{account}/charges/{id}", null, cancellationToken);

    public void Dispose() => _http.Dispose();

    private static byte[] Json(object body) => JsonSerializer.SerializeToUtf8Bytes(body, WireJson);

    private async Task<ApiReply> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using var response = await _http.SendAsync(request, cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) ?? false;
        return new ApiReply(
            response.StatusCode,
            isJson ? JsonElement.Parse(bytes) : default,
            response.Headers.RetryAfter?.Delta);
    }
}

/// <summary>A reply or a problem, as it came.</summary>
internal sealed record ApiReply(HttpStatusCode Status, JsonElement Body, TimeSpan? RetryAfter)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The stable code of a problem; null for a reply.</summary>
    public string? Code => IsSuccess ? null : CodeOf(Body);

    /// <summary>Whether the same request under the same id may succeed by itself.</summary>
    public bool IsTransient => (int)Status is 429 or >= 500;

    public bool Replayed => Body.TryGetProperty("replayed", out var replayed) && replayed.GetBoolean();

    /// <summary>An amount or quantity: a decimal string.</summary>
    public decimal Amount(string name) => AmountOf(Body, name);

    public long Sequence => Body.GetProperty("sequence").GetInt64();

    /// <summary>For messages: the status and whatever stood in the body.</summary>
    public override string ToString() => $"{(int)Status} {(Body.ValueKind == JsonValueKind.Undefined ? "" : Body.GetRawText())}";

    public static decimal AmountOf(JsonElement body, string name) =>
        decimal.Parse(body.GetProperty(name).GetString()!, NumberStyles.Number, CultureInfo.InvariantCulture);

    public static string? CodeOf(JsonElement body) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty("code", out var code) ? code.GetString() : null;
}
