using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>An HTTP reply, read whole.</summary>
internal sealed record Reply(HttpStatusCode Status, string ContentType, HttpResponseHeaders Headers, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text) ?? throw new JsonException("The reply is null.");

    public string? Code => (string?)Json["code"];

    /// <summary>The faults of a problem, as <c>path code</c>.</summary>
    public IReadOnlyList<string> Errors => FaultsOf(Json);

    public static IReadOnlyList<string> FaultsOf(JsonNode problem) =>
        [.. problem["errors"]?.AsArray().Select(error => $"{error!["path"]} {error["code"]}") ?? []];

    /// <summary>Fails unless the reply is a problem as every problem must be.</summary>
    public Reply IsProblem(HttpStatusCode status, string code)
    {
        Assert.True(Status == status, $"A problem of status {status} was expected, not {Status}: {Text}");
        Assert.Equal("application/problem+json", ContentType);
        Assert.Equal(code, Code);
        Assert.Equal($"urn:metering:problem:{code}", (string?)Json["type"]);
        Assert.Equal((int)status, (int?)Json["status"]);
        Assert.False(string.IsNullOrEmpty((string?)Json["title"]));
        Assert.False(string.IsNullOrEmpty((string?)Json["detail"]));
        Assert.NotNull(Json["retryable"]);
        return this;
    }
}

/// <summary>Something that answers HTTP.</summary>
internal interface IHttpHost
{
    HttpClient Http { get; }
}

internal static class HttpCalls
{
    public static Task<Reply> Get(this IHttpHost gateway, string path) => gateway.Send(HttpMethod.Get, path, null);

    public static Task<Reply> Post(this IHttpHost gateway, string path, string body, string? contentType = "application/json") =>
        gateway.Send(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), contentType);

    public static Task<Reply> Put(this IHttpHost gateway, string path, string body) =>
        gateway.Send(HttpMethod.Put, path, Encoding.UTF8.GetBytes(body));

    /// <summary>Sends raw bytes; headers go out as they are.</summary>
    public static async Task<Reply> Send(
        this IHttpHost gateway,
        HttpMethod method,
        string path,
        byte[]? body,
        string? contentType = "application/json",
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            if (contentType is not null)
            {
                Assert.True(request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType));
            }
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Reply(
            response.StatusCode,
            response.Content.Headers.ContentType?.ToString() ?? "",
            response.Headers,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
