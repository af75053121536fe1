using System.Net;
using System.Net.Sockets;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Storage.Tests.Embedded;

public sealed class EmbeddedStoreHostingTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_grain_finds_its_state_and_the_journal_its_records_when_the_silo_starts_again()
    {
        using (var host = Silo(_directory.Path))
        {
            await host.StartAsync(Cancel);
            await Note(host, "acme").Write("first run");
            Assert.Equal(AppendOutcome.Appended, await host.Services.GetRequiredService<IJournalStore>().AppendAsync("log", 1, new byte[] { 1 }, Cancel));
            await host.StopAsync(Cancel);
        }

        using (var host = Silo(_directory.Path))
        {
            await host.StartAsync(Cancel);
            Assert.Equal("first run", await Note(host, "acme").Read());
            Assert.Equal(new JournalExtent(1, 1), await host.Services.GetRequiredService<IJournalStore>().OpenAsync("log", Cancel));
            Assert.Equal(["acme"], await host.Services.GetRequiredService<IAccountIndex>().ListAsync("", "", 10, Cancel));
            await host.StopAsync(Cancel);
        }
    }

    [Fact]
    public async Task What_grains_write_as_they_deactivate_at_shutdown_is_stored_and_the_directory_is_free_afterwards()
    {
        using var host = Silo(_directory.Path);
        await host.StartAsync(Cancel);
        await Note(host, "late").WriteWhenDeactivated("written at the end");

        await host.StopAsync(Cancel);

        // Stopped, not yet disposed: the stop itself closes the store.
        using var next = Silo(_directory.Path);
        await next.StartAsync(Cancel);
        Assert.Equal("written at the end", await Note(next, "late").Read());
        await next.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_directory_in_use_fails_the_start()
    {
        using var owner = DataDirectory.Claim(_directory.Path);
        using var host = Silo(_directory.Path);

        var fault = await Assert.ThrowsAsync<DataDirectoryInUseException>(() => host.StartAsync(Cancel));

        Assert.Contains($"'{_directory.Path}'", fault.Message, StringComparison.Ordinal);
    }

    private static INoteGrain Note(IHost host, string key) => host.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>(key);

    private static IHost Silo(string directory)
    {
        var host = Host.CreateApplicationBuilder();
        host.Logging.ClearProviders();
        host.UseOrleans(silo => silo
            .UseLocalhostClustering(siloPort: FreePort(), gatewayPort: FreePort())
            .AddEmbeddedStore(new EmbeddedStoreOptions { DataDirectory = directory }));
        return host.Build();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

[Alias("metering.tests.INoteGrain")]
public interface INoteGrain : IGrainWithStringKey
{
    [Alias("Write")]
    Task Write(string text);

    [Alias("WriteWhenDeactivated")]
    Task WriteWhenDeactivated(string text);

    [Alias("Read")]
    Task<string> Read();
}

/// <summary>A grain with a state in the accounts' storage.</summary>
internal sealed class NoteGrain(
    [PersistentState(AccountStorage.StateName, AccountStorage.ProviderName)] IPersistentState<Snapshot> state) : Grain, INoteGrain
{
    private bool _writesWhenDeactivated;

    public Task Write(string text)
    {
        state.State.Name = text;
        return state.WriteStateAsync();
    }

    public Task WriteWhenDeactivated(string text)
    {
        state.State.Name = text;
        _writesWhenDeactivated = true;
        return Task.CompletedTask;
    }

    public Task<string> Read() => Task.FromResult(state.State.Name);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _writesWhenDeactivated ? state.WriteStateAsync(cancellationToken) : Task.CompletedTask;
}
