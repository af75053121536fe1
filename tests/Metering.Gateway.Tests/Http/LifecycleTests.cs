using System.Net;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Tests.Http;

public sealed class LifecycleTests
{
    [Fact]
    public async Task Ready_is_red_until_the_silo_answers()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Directory.OnList = () => throw new TimeoutException();

        (await gateway.Get("/healthz/ready")).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.Equal("""{"status":"live"}""", (await gateway.Get("/healthz/live")).Text);
    }

    [Fact]
    public async Task Ready_is_green_when_the_silo_answers()
    {
        await using var gateway = await GatewayHost.Start();

        Assert.Equal("""{"status":"ready"}""", (await gateway.Get("/healthz/ready")).Text);
    }

    [Fact]
    public async Task What_was_accepted_is_finished_when_the_host_stops()
    {
        await using var gateway = await GatewayHost.Start();
        var reached = new TaskCompletionSource();
        var held = new TaskCompletionSource<Answer<ChargeReply>>();
        gateway.Grains.Account("acme").OnCharge = _ =>
        {
            reached.SetResult();
            return held.Task;
        };
        var lifetime = gateway.Services.GetRequiredService<IHostApplicationLifetime>();
        var stopping = new TaskCompletionSource();
        using var registration = lifetime.ApplicationStopping.Register(stopping.SetResult);

        var accepted = gateway.Post("/v1/accounts/acme/charges", """{"id":"req-1","meter":"m","quantity":1}""");
        await reached.Task.WaitAsync(TestContext.Current.CancellationToken);
        var stopped = gateway.Stop();
        await stopping.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.False(stopped.IsCompleted);
        held.SetResult(Samples.Charged("req-1"));

        Assert.Equal(HttpStatusCode.OK, (await accepted).Status);
        await stopped;
    }

    [Fact]
    public async Task Ready_is_red_as_soon_as_the_host_stops()
    {
        await using var gateway = await GatewayHost.Start();
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/healthz/ready")).Status);

        gateway.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        var check = gateway.Services.GetRequiredService<Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckService>();
        var report = await check.CheckHealthAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Unhealthy, report.Status);
    }

    [Theory]
    [InlineData("HttpPort")]
    [InlineData("MaxBodyBytes")]
    [InlineData("MaxBodyBytesInWork")]
    [InlineData("SiloTimeout")]
    [InlineData("RequestTimeout")]
    [InlineData("MaxConcurrentRetries")]
    [InlineData("MaxConcurrentRequests")]
    [InlineData("MaxConnections")]
    [InlineData("MaxAccountsInFlightPerBatch")]
    [InlineData("MaxBatchesInFlightPerStream")]
    [InlineData("MaxWatchers")]
    [InlineData("WatchHeartbeat")]
    public async Task An_option_out_of_its_range_stops_the_start(string option)
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.Start(options =>
        {
            var property = typeof(GatewayOptions).GetProperty(option)!;
            property.SetValue(options, property.PropertyType == typeof(TimeSpan) ? TimeSpan.Zero : Convert.ChangeType(-1, property.PropertyType, null));
        }));

        Assert.Contains(option, failure.Message, StringComparison.Ordinal);
    }
}
