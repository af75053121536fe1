using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;
using Metering.Storage.Tests.Embedded;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Persistence;
using StackExchange.Redis;

namespace Metering.Storage.Tests.Redis;

public sealed class RedisStoreHostingTests
{
    private static CancellationToken Cancel => TestRedis.Cancel;

    [Fact]
    public async Task A_grain_finds_its_state_and_the_journal_its_records_when_the_silo_starts_again()
    {
        await using var server = await TestRedis.StartAsync();
        using (var host = Silo(server.ConnectionString))
        {
            await host.StartAsync(Cancel);
            await Note(host, "acme").Write("first run");
            Assert.Equal(AppendOutcome.Appended, await host.Services.GetRequiredService<IJournalStore>().AppendAsync("log", 1, new byte[] { 1 }, Cancel));
            await host.Services.GetRequiredService<IAccountIndex>().AddAsync("acme", Cancel);
            await host.StopAsync(Cancel);
        }

        using (var host = Silo(server.ConnectionString))
        {
            await host.StartAsync(Cancel);
            Assert.Equal("first run", await Note(host, "acme").Read());
            Assert.Equal(new JournalExtent(1, 1), await host.Services.GetRequiredService<IJournalStore>().OpenAsync("log", Cancel));
            Assert.Equal(["acme"], await host.Services.GetRequiredService<IAccountIndex>().ListAsync("", "", 10, Cancel));
            await host.StopAsync(Cancel);
        }
    }

    [Fact]
    public async Task A_Redis_that_would_forget_fails_the_start_of_the_silo_with_its_one_line()
    {
        await using var server = await TestRedis.StartAsync(new RedisSettings { AppendOnly = false });
        using var host = Silo(server.ConnectionString);

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => host.StartAsync(Cancel));

        Assert.Contains("appendonly", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_grains_write_as_they_deactivate_at_shutdown_is_stored()
    {
        await using var server = await TestRedis.StartAsync();
        using var host = Silo(server.ConnectionString);
        await host.StartAsync(Cancel);
        await Note(host, "late").WriteWhenDeactivated("written at the end");

        await host.StopAsync(Cancel);

        using var next = Silo(server.ConnectionString);
        await next.StartAsync(Cancel);
        Assert.Equal("written at the end", await Note(next, "late").Read());
        await next.StopAsync(Cancel);
    }

    private static INoteGrain Note(IHost host, string key) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>(key);

    private static IHost Silo(string redis)
    {
        var host = Host.CreateApplicationBuilder();
        host.Logging.ClearProviders();
        host.UseOrleans(silo => silo
            .UseLocalhostClustering(siloPort: FreePort.Next(), gatewayPort: FreePort.Next())
            .AddRedisJournal(TestRedis.Options(redis))
            .AddRedisAccountIndex(new RedisAccountIndexOptions { Configuration = redis, ServiceId = TestRedis.ServiceId })
            .AddRedisGrainStorage(AccountStorage.ProviderName, (RedisStorageOptions options) => options.ConfigurationOptions = ConfigurationOptions.Parse(redis)));
        return host.Build();
    }
}
