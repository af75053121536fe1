using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Storage.Tests.Azure;

public sealed class AzureStoreHostingTests(SharedAzurite azurite) : StoreHostingSuite, IClassFixture<SharedAzurite>
{
    private AzureStoreOptions? _options;

    public override ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Both_parts_of_the_store_tell_how_they_are()
    {
        using var host = Silo();
        await host.StartAsync(Cancel);
        Assert.Equal([AzureStoreHosting.Journal, AzureStoreHosting.Snapshots], host.Services.GetServices<StoreHealth>().Select(health => health.Store).Order());
        Assert.All(host.Services.GetServices<StoreHealth>(), health => Assert.Null(health.Failure));
        await host.StopAsync(Cancel);
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

    // Here and not for every test: those of the settings need no Azurite.
    protected override void AddStore(ISiloBuilder silo)
    {
        SharedAzurite.Require();
        _options ??= azurite.Options(SharedAzurite.NewContainer());
        silo.AddAzureJournal(_options).AddAzureSnapshots(_options);
    }
}
