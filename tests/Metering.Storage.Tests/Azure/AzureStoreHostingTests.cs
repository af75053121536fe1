using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Metering.Storage.Tests.Embedded;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Storage.Tests.Azure;

public sealed class AzureStoreHostingTests(SharedAzurite azurite) : IClassFixture<SharedAzurite>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_grain_finds_its_state_and_the_journal_its_records_when_the_silo_starts_again()
    {
        SharedAzurite.Require();
        var options = azurite.Options(SharedAzurite.NewContainer());
        using (var host = Silo(options))
        {
            await host.StartAsync(Cancel);
            await host.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>("acme").Write("first run");
            Assert.Equal(AppendOutcome.Appended, await host.Services.GetRequiredService<IJournalStore>().AppendAsync("log", 1, new byte[] { 1 }, Cancel));
            await host.StopAsync(Cancel);
        }

        using (var host = Silo(options))
        {
            await host.StartAsync(Cancel);
            Assert.Equal("first run", await host.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>("acme").Read());
            Assert.Equal(new JournalExtent(1, 1), await host.Services.GetRequiredService<IJournalStore>().OpenAsync("log", Cancel));
            Assert.Equal(["acme"], await host.Services.GetRequiredService<IAccountIndex>().ListAsync("", "", 10, Cancel));
            Assert.Equal([AzureStoreHosting.Journal, AzureStoreHosting.Snapshots], host.Services.GetServices<StoreHealth>().Select(health => health.Store).Order());
            Assert.All(host.Services.GetServices<StoreHealth>(), health => Assert.Null(health.Failure));
            await host.StopAsync(Cancel);
        }
    }

    [Fact]
    public async Task Nobody_at_the_address_fails_the_start_with_a_journal_and_only_degrades_it_with_snapshots()
    {
        var away = new AzureStoreOptions
        {
            Storage = $"DefaultEndpointsProtocol=http;AccountName=away;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:{FreePort.Next()}/away;",
            RequestTimeout = TimeSpan.FromMilliseconds(500),
        };

        using var withJournal = Silo(silo => silo.AddAzureJournal(away));
        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => withJournal.StartAsync(Cancel));
        Assert.DoesNotContain('\n', fault.Message);

        using var withSnapshots = Silo(silo => silo.AddAzureSnapshots(away));
        await withSnapshots.StartAsync(Cancel);
        Assert.NotNull(withSnapshots.Services.GetRequiredService<StoreHealth>().Failure);
        await withSnapshots.StopAsync(Cancel);
    }

    [Fact]
    public async Task A_wrong_key_fails_the_start()
    {
        SharedAzurite.Require();
        var wrong = new AzureStoreOptions { Storage = azurite.ConnectionString.Replace("AccountKey=Eby8", "AccountKey=AAAA", StringComparison.Ordinal) };

        using var host = Silo(silo => silo.AddAzureSnapshots(wrong));
        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => host.StartAsync(Cancel));

        Assert.Contains("refuses this identity or key", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", fault.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "metering")]
    [InlineData("AccountName=x;AccountKey=hunter2", "metering")]
    [InlineData("http://name.blob.core.windows.net", "metering")]
    [InlineData("https://name.blob.core.windows.net", "Metering")]
    [InlineData("https://name.blob.core.windows.net", "me")]
    [InlineData("https://name.blob.core.windows.net", "a--b")]
    public void A_setting_that_cannot_work_is_told_in_one_line_without_secrets(string storage, string container)
    {
        var fault = Assert.Throws<JournalStoreException>(() => SharedAzurite.Container(new AzureStoreOptions { Storage = storage, Container = container }));

        Assert.DoesNotContain('\n', fault.Message);
        Assert.DoesNotContain("hunter2", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_https_address_is_used_with_the_default_credential()
    {
        var container = SharedAzurite.Container(new AzureStoreOptions { Storage = "https://name.blob.core.windows.net", Container = "credits" });

        Assert.Equal("https://name.blob.core.windows.net/credits", container.Blobs.Uri.ToString());
        Assert.False(container.Blobs.CanGenerateSasUri, "There is no key in an address.");
    }

    private static IHost Silo(AzureStoreOptions options) => Silo(silo => silo.AddAzureJournal(options).AddAzureSnapshots(options));

    private static IHost Silo(Action<ISiloBuilder> addStores)
    {
        var host = Host.CreateApplicationBuilder();
        host.Logging.ClearProviders();
        host.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort.Next(), gatewayPort: FreePort.Next());
            addStores(silo);
        });
        return host.Build();
    }
}
