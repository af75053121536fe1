using System.Net;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Tests.Http;

public sealed class ProblemTests
{
    private const string Path = "/v1/accounts/acme/charges";
    private const string Good = """{"id":"req-1","meter":"m","quantity":1}""";

    /// <summary>The table of DESIGN, section 5.</summary>
    public static TheoryData<string, int> StatusOfCode => new()
    {
        { "invalid_request", 400 }, { "unauthenticated", 401 }, { "forbidden", 403 }, { "account_not_found", 404 }, { "grant_not_found", 404 },
        { "charge_not_found", 404 }, { "hold_not_found", 404 }, { "budget_not_found", 404 }, { "rate_card_not_found", 404 }, { "id_reused", 409 },
        { "account_closed", 409 }, { "hold_closed", 409 }, { "hold_expired", 409 }, { "holds_open", 409 }, { "account_frozen", 403 },
        { "meter_not_allowed", 403 }, { "charge_too_large", 403 }, { "dimension_required", 422 }, { "unknown_meter", 422 }, { "no_price", 422 },
        { "too_old", 422 }, { "in_future", 422 }, { "out_of_range", 422 }, { "exceeds_charge", 422 }, { "rate_limited", 429 },
        { "budget_exceeded", 402 }, { "insufficient_credits", 402 }, { "overloaded", 429 }, { "unavailable", 503 }, { "quarantined", 503 }, { "key_not_found", 404 },
        { "detail_not_kept", 422 }, { "last_admin_key", 409 },
    };

    [Theory]
    [MemberData(nameof(StatusOfCode))]
    public async Task Every_code_has_its_status_and_says_whether_a_retry_can_help(string name, int status)
    {
        await using var gateway = await GatewayHost.Start();
        var code = Enum.GetValues<Code>().Single(code => WireNames.Of(code) == name);
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal { Code = code, Detail = "Because." });

        var problem = (await gateway.Post(Path, Good)).IsProblem((HttpStatusCode)status, name);

        Assert.Equal(name is "rate_limited" or "overloaded" or "unavailable", (bool?)problem.Json["retryable"]);
        Assert.Equal(status is 429 or 503, problem.Headers.RetryAfter is { Delta.TotalSeconds: >= 1 });
    }

    [Fact]
    public void Every_code_is_in_the_table_above() =>
        Assert.Equal(Enum.GetValues<Code>().Select(WireNames.Of), StatusOfCode.Select(row => row.Data.Item1));

    [Fact]
    public async Task Too_few_credits_say_how_many_were_needed_and_how_many_there_were()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal
        {
            Code = Code.InsufficientCredits,
            Detail = "The charge needs 0.072 credits; 0.01 are available.",
            Account = "acme",
            Required = 0.072m,
            Available = 0.010m,
        });

        var reply = await gateway.Post(Path, Good);

        Assert.Equal(
            """{"type":"urn:metering:problem:insufficient_credits","title":"Insufficient credits","status":402,"code":"insufficient_credits","detail":"The charge needs 0.072 credits; 0.01 are available.","account":"acme","required":"0.072","available":"0.01","retryable":false}""",
            reply.Text);
    }

    [Theory]
    [InlineData(0.001, 1)]
    [InlineData(1, 1)]
    [InlineData(1.001, 2)]
    [InlineData(30, 30)]
    public async Task A_wait_is_told_in_whole_seconds_never_less_than_it_is(double wait, int seconds)
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal
        {
            Code = Code.RateLimited,
            Detail = "Too fast.",
            RetryAfter = TimeSpan.FromSeconds(wait),
        });

        Assert.Equal(TimeSpan.FromSeconds(seconds), (await gateway.Post(Path, Good)).Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task What_a_rate_limit_can_never_let_through_is_not_to_be_tried_again()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Answer<ChargeReply>>(new Refusal { Code = Code.RateLimited, Detail = "Too large.", IsLasting = true });

        var problem = (await gateway.Post(Path, Good)).IsProblem(HttpStatusCode.TooManyRequests, "rate_limited");

        Assert.False((bool?)problem.Json["retryable"]);
        Assert.Null(problem.Headers.RetryAfter);
    }

    [Theory]
    [InlineData("GET", "/", 404)]
    [InlineData("GET", "/v1", 404)]
    [InlineData("GET", "/v1/accounts/acme/nothing", 404)]
    [InlineData("GET", "/v2/accounts", 404)]
    [InlineData("GET", "/openapi/v2.json", 404)]
    [InlineData("POST", "/v1/accounts/acme/holds/h1", 404)]
    [InlineData("GET", "/v1/accounts/acme/holds/h1/settle", 405)]
    [InlineData("GET", "/v1/accounts/acme/budgets/b1", 405)]
    [InlineData("DELETE", "/v1/accounts/acme/policy", 405)]
    [InlineData("POST", "/v1/accounts/acme/watch", 405)]
    [InlineData("POST", "/v1/accounts/acme", 405)]
    [InlineData("GET", "/v1/charges", 405)]
    [InlineData("PATCH", "/v1/rate-cards/default", 405)]
    [InlineData("POST", "/healthz/live", 405)]
    public async Task What_is_not_there_is_a_problem_too(string method, string path, int status)
    {
        await using var gateway = await GatewayHost.Start();

        (await gateway.Send(new HttpMethod(method), path, null)).IsProblem((HttpStatusCode)status, "invalid_request");
    }

    [Theory]
    [InlineData("application/json", 200)]
    [InlineData("application/json; charset=utf-8", 200)]
    [InlineData("Application/JSON;charset=\"UTF-8\"", 200)]
    [InlineData("application/json; charset=utf-16", 415)]
    [InlineData("application/problem+json", 415)]
    [InlineData("application/cloudevents+json", 415)]
    [InlineData("text/plain", 415)]
    [InlineData("nonsense", 415)]
    [InlineData(null, 415)]
    public async Task A_body_is_json_in_utf8_or_not_taken(string? contentType, int status)
    {
        await using var gateway = await GatewayHost.Start();

        var reply = await gateway.Post(Path, Good, contentType);

        Assert.Equal(status, (int)reply.Status);
        if (status == 415)
        {
            reply.IsProblem(HttpStatusCode.UnsupportedMediaType, "invalid_request");
        }
    }

    [Fact]
    public async Task A_body_may_be_as_large_as_the_limit_and_not_one_byte_larger()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytes = 100_000);
        var body = Encoding.UTF8.GetBytes(Good.PadRight(100_000));

        Assert.Equal(HttpStatusCode.OK, (await gateway.Send(HttpMethod.Post, Path, body)).Status);
        (await gateway.Send(HttpMethod.Post, Path, [.. body, (byte)' '])).IsProblem(HttpStatusCode.RequestEntityTooLarge, "invalid_request");
        (await gateway.Send(HttpMethod.Post, "/v1/events", [.. body, (byte)' '], "application/cloudevents+json"))
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "invalid_request");
    }

    [Theory]
    [InlineData(100_000, 200)]
    [InlineData(100_001, 413)]
    [InlineData(500_000, 413)]
    public async Task A_body_of_untold_length_obeys_the_limit_too(int length, int status)
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytes = 100_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, Path);
        request.Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes(Good.PadRight(length))));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TransferEncodingChunked = true;

        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Whatever_a_grain_fails_with_is_unavailable_and_may_be_tried_again()
    {
        await using var gateway = await GatewayHost.Start();
        Exception[] failures = [new TimeoutException(), new SiloUnavailableException(), new OrleansException("x"), new InvalidCastException(), new TaskCanceledException()];

        foreach (var failure in failures)
        {
            gateway.Grains.Account("acme").OnCharge = _ => throw failure;
            var problem = (await gateway.Post(Path, Good)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
            Assert.Equal(true, (bool?)problem.Json["retryable"]);
            Assert.NotNull(problem.Headers.RetryAfter);
        }
    }

    [Fact]
    public async Task A_grain_that_does_not_answer_in_time_is_unavailable()
    {
        await using var gateway = await GatewayHost.Start(options => options.SiloTimeout = TimeSpan.FromMilliseconds(50));
        gateway.Grains.Account("acme").OnCharge = _ => new TaskCompletionSource<Answer<ChargeReply>>().Task;

        (await gateway.Post(Path, Good)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
    }

    [Fact]
    public async Task Over_the_bound_of_requests_in_work_the_next_is_overloaded_and_health_still_answers()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConcurrentRequests = 1);
        var reached = new TaskCompletionSource();
        var held = new TaskCompletionSource<Answer<ChargeReply>>();
        gateway.Grains.Account("acme").OnCharge = _ =>
        {
            reached.SetResult();
            return held.Task;
        };

        var first = gateway.Post(Path, Good);
        await reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        var second = await gateway.Post("/v1/accounts/other/charges", Good);
        var health = await gateway.Get("/healthz/live");
        held.SetResult(Samples.Charged("req-1"));

        Assert.NotNull(second.IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.Equal(HttpStatusCode.OK, (await first).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/other/charges", Good)).Status);
    }

    [Fact]
    public async Task Nobody_learns_which_server_it_is()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Empty((await gateway.Post(Path, Good)).Headers.Server);
    }
}
