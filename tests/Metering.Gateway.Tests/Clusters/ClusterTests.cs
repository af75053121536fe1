using System.Net;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Routing.Lanes;
using Metering.Gateway.Tests.Hosting;
using Metering.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Clusters;

/// <summary>The gateway of a process of its own, in front of silos that come and go.</summary>
public sealed class ClusterTests : IAsyncLifetime
{
    private const string Card = """{"creditDefinition":"1 credit = 1 call","meters":[{"meter":"m","unit":"call","prices":[{"id":"p","kind":"per_unit","unitPrice":"1"}]}]}""";

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-gateway-");
    private RedisServer? _redis;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RedisServer Redis => _redis!;

    public async ValueTask InitializeAsync()
    {
        if (RedisServer.Missing is { } reason)
        {
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Fail(reason);
        }

        _redis = await RedisServer.StartAsync(new RedisSettings(), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task It_listens_before_there_is_a_silo_and_says_what_is_missing()
    {
        await using var gateway = await Gateway.Start(Redis.ConnectionString);

        var ready = (await gateway.Get("/healthz/ready")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        await Gateway.Until(async () => ((string?)(await gateway.Get("/healthz/ready")).Json["detail"])!.Contains("No silo is up", StringComparison.Ordinal));
        var charge = (await gateway.Charge("c1")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        Assert.NotNull(ready.Headers.RetryAfter);
        Assert.NotNull(charge.Headers.RetryAfter);
        Assert.Contains("No silo is up", (string?)charge.Json["detail"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/healthz/live")).Status);
    }

    [Fact]
    public async Task It_waits_for_redis_too_and_serves_when_redis_and_a_silo_have_come()
    {
        await Redis.KillAsync();
        await using var gateway = await Gateway.Start(Redis.ConnectionString);
        await Gateway.Until(async () => (await gateway.Get("/healthz/ready")).Text.Contains("Redis does not answer", StringComparison.Ordinal));

        await Redis.RestartAsync(Cancellation);
        await using var silo = await RedisSilo.Start(Redis.ConnectionString, _directory);
        await gateway.UntilReady();
        await gateway.Prepare();

        Assert.Equal(HttpStatusCode.OK, (await gateway.Charge("c1")).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_survives_that_all_its_silos_go_and_others_come(bool sameAddress)
    {
        var (siloPort, clientPort) = (FreePort.Next(), FreePort.Next());
        await using var gateway = await Gateway.Start(Redis.ConnectionString);
        await using (await RedisSilo.Start(Redis.ConnectionString, _directory, siloPort, clientPort))
        {
            await gateway.UntilReady();
            await gateway.Prepare();
            Assert.Equal(HttpStatusCode.OK, (await gateway.Charge("c1")).Status);
        }

        await Gateway.Until(async () => (await gateway.Get("/healthz/ready")).Status == HttpStatusCode.ServiceUnavailable);

        // Sent while there is nobody: the caller waits, and hears of nothing.
        var meanwhile = gateway.Charge("c2");
        await using var other = await (sameAddress
            ? RedisSilo.Start(Redis.ConnectionString, _directory, siloPort, clientPort)
            : RedisSilo.Start(Redis.ConnectionString, _directory));

        Assert.Equal(HttpStatusCode.OK, (await meanwhile).Status);
        await gateway.UntilReady();
        var replay = await gateway.Charge("c1");
        Assert.Equal(("98", true), ((string?)(await gateway.Get("/v1/accounts/acme")).Json["balance"], (bool?)replay.Json["replayed"]));
    }

    [Fact]
    public async Task It_shows_the_silos_in_the_dashboard()
    {
        await using var gateway = await Gateway.Start(Redis.ConnectionString, "--Metering:Dashboard=true");
        await using var silo = await RedisSilo.StartWithDashboard(Redis.ConnectionString, _directory);
        await gateway.UntilReady();

        // Half a second may be too short for this machine.
        await Gateway.Until(async () => (await gateway.Get("/dashboard/DashboardCounters")).Text.Contains("\"status\":\"Active\"", StringComparison.Ordinal));
        Assert.Equal("text/html", (await gateway.Get("/dashboard/")).ContentType);
    }

    [Fact]
    public async Task It_learns_who_owns_the_accounts_and_sends_charges_in_messages()
    {
        await using var gateway = await Gateway.Start(Redis.ConnectionString);
        await using var silo = await RedisSilo.Start(Redis.ConnectionString, _directory);
        await gateway.UntilReady();
        await gateway.Prepare();
        await gateway.Charge("c1");
        await Gateway.Until(() => Task.FromResult(gateway.Lanes.HasMap));

        var charge = new ChargeRequest { Id = "c2", Lines = [new ChargeLine { Meter = "m", Quantity = 1 }] };
        Answer<ChargeReply>[] answers = [];
        await Gateway.Until(async () =>
        {
            // Half a second may be too short for this machine.
            answers = (await gateway.Lanes.Charge([new RoutedCharge("acme", charge), new RoutedCharge("nobody", charge)], new Deadline(TimeProvider.System, TimeSpan.FromSeconds(10))))!.Answers;
            return answers.All(static answer => answer.Refusal is null);
        });

        Assert.Equal([98m, null], answers.Select(static answer => answer.Reply?.Balance));
        Assert.Equal("account_not_found", (string?)(await gateway.Post("/v1/accounts/nobody/charges", """{"id":"c","meter":"m","quantity":1}""")).Json["code"]);
    }

    [Fact]
    public async Task It_stops_at_once_while_it_still_looks_for_silos()
    {
        await using var gateway = await Gateway.Start(Redis.ConnectionString);

        await gateway.Stop().WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    private sealed class Gateway : IHttpHost, IAsyncDisposable
    {
        private readonly WebApplication _app;

        private Gateway(WebApplication app)
        {
            _app = app;
            Http = new HttpClient { BaseAddress = new Uri(app.Services.GetRequiredService<GatewayEndpoints>().Http) };
        }

        public HttpClient Http { get; }

        public ChargeLanes Lanes => _app.Services.GetRequiredService<ChargeLanes>();

        public static async Task<Gateway> Start(string redis, params string[] settings)
        {
            var app = GatewayProcess.Build(
            [
                $"--Metering:Redis={redis}", "--Metering:HttpPort=0", "--Metering:GrpcPort=0", "--Metering:RequestTimeout=00:01:00", "--Logging:LogLevel:Default=None", .. settings,
            ]);
            await app.StartAsync(Cancellation);
            return new Gateway(app);
        }

        public static async Task Until(Func<Task<bool>> isSo)
        {
            using var probes = new PeriodicTimer(ProbeInterval);
            while (!await isSo())
            {
                await probes.WaitForNextTickAsync(Cancellation);
            }
        }

        public Task UntilReady() => Until(async () => (await this.Get("/healthz/ready")).Status == HttpStatusCode.OK);

        public async Task Prepare()
        {
            Assert.Equal(HttpStatusCode.OK, (await this.Put("/v1/rate-cards/default", Card)).Status);
            Assert.Equal(HttpStatusCode.OK, (await this.Put("/v1/accounts/acme", "{}")).Status);
            Assert.Equal(HttpStatusCode.OK, (await this.Post("/v1/accounts/acme/grants", """{"id":"plan","amount":"100"}""")).Status);
        }

        public Task<Reply> Charge(string id) => this.Post("/v1/accounts/acme/charges", $$"""{"id":"{{id}}","meter":"m","quantity":1}""");

        public Task Stop() => _app.StopAsync(Cancellation);

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }
}
