using Metering.Grains.Journal;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Storage.Tests;

/// <summary>Every store as a silo has it: journal, snapshots and list of accounts together.</summary>
public abstract class StoreHostingSuite : IAsyncLifetime
{
    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Has what the store needs, or skips.</summary>
    public abstract ValueTask InitializeAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_grain_finds_its_state_and_the_journal_its_records_when_the_silo_starts_again()
    {
        using (var host = Silo())
        {
            await host.StartAsync(Cancel);
            await host.Services.GetRequiredService<IAccountIndex>().AddAsync("acme", Cancel);
            await Note(host, "acme").Write("first run");
            Assert.Equal(AppendOutcome.Appended, await host.Services.GetRequiredService<IJournalStore>().AppendAsync("log", 1, new byte[] { 1 }, Cancel));
            await host.StopAsync(Cancel);
        }

        using (var host = Silo())
        {
            await host.StartAsync(Cancel);
            Assert.Equal("first run", await Note(host, "acme").Read());
            Assert.Equal(new JournalExtent(1, 1), await host.Services.GetRequiredService<IJournalStore>().OpenAsync("log", Cancel));
            Assert.Equal(["acme"], await host.Services.GetRequiredService<IAccountIndex>().ListAsync("", "", 10, Cancel));
            await host.StopAsync(Cancel);
        }
    }

    [Fact]
    public async Task What_grains_write_as_they_deactivate_at_shutdown_is_stored_and_the_store_is_free_afterwards()
    {
        using var host = Silo();
        await host.StartAsync(Cancel);
        await Note(host, "late").WriteWhenDeactivated("written at the end");

        await host.StopAsync(Cancel);

        // Stopped, not yet disposed: the stop itself closes the store.
        using var next = Silo();
        await next.StartAsync(Cancel);
        Assert.Equal("written at the end", await Note(next, "late").Read());
        await next.StopAsync(Cancel);
    }

    /// <summary>Adds the store, with the same data each time.</summary>
    protected abstract void AddStore(ISiloBuilder silo);

    protected IHost Silo() => Silo(AddStore);

    protected static IHost Silo(Action<ISiloBuilder> addStore)
    {
        var host = Host.CreateApplicationBuilder();
        host.Logging.ClearProviders();
        host.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort.Next(), gatewayPort: FreePort.Next());
            addStore(silo);
        });
        return host.Build();
    }

    private static INoteGrain Note(IHost host, string key) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>(key);
}
