using Azure.Storage.Blobs;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Azure;

/// <summary>Snapshots on a network that loses answers, and in a container that somebody else touched.</summary>
public sealed class AzureGrainStorageFaultTests(SharedAzurite azurite) : IAsyncLifetime, IClassFixture<SharedAzurite>
{
    private const string StateName = "account";

    private readonly string _container = SharedAzurite.NewContainer();
    private readonly FaultyNetwork _network = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
    private AzureGrainStorage _storage = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static GrainId Acme => GrainId.Create("account", "acme");

    private BlobClient Blob => new(azurite.ConnectionString, _container, "state/account/acme!account");

    public ValueTask InitializeAsync()
    {
        SharedAzurite.Require();
        _storage = AzureGrainStorageTests.GrainStorage(_network.Container(azurite.Options(_container)), _services);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _storage?.Dispose();
        _network.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task A_write_whose_answer_was_lost_is_known_for_the_writers_own()
    {
        _network.LoseAnswers(FaultyNetwork.IsUpload, 1);
        var state = await WriteAsync("first");

        _network.LoseAnswers(FaultyNetwork.IsUpload, 1);
        state.State = new Snapshot { Name = "second" };
        await _storage.WriteStateAsync(StateName, Acme, state);

        var read = await ReadAsync();
        Assert.Equal("second", read.State!.Name);
        Assert.Equal(read.ETag, state.ETag);
    }

    [Fact]
    public async Task A_clear_whose_answer_was_lost_is_done()
    {
        var state = await WriteAsync("first");
        _network.LoseAnswers(request => request.Method == HttpMethod.Delete, 1);

        await _storage.ClearStateAsync(StateName, Acme, state);

        Assert.False((await ReadAsync()).RecordExists);
    }

    [Fact]
    public async Task A_state_with_a_changed_byte_is_refused_as_damaged()
    {
        await WriteAsync("acme");
        var stored = (await Blob.DownloadContentAsync(Cancel)).Value;
        var bytes = stored.Content.ToArray();
        bytes[^3] ^= 1;
        await Blob.UploadAsync(BinaryData.FromBytes(bytes), new global::Azure.Storage.Blobs.Models.BlobUploadOptions { Metadata = stored.Details.Metadata }, Cancel);

        await Assert.ThrowsAsync<FormatException>(ReadAsync);
    }

    [Fact]
    public async Task A_state_without_its_checksum_is_refused_as_damaged()
    {
        await WriteAsync("acme");
        await Blob.SetMetadataAsync(new Dictionary<string, string>(), cancellationToken: Cancel);

        await Assert.ThrowsAsync<FormatException>(ReadAsync);
    }

    [Fact]
    public async Task A_container_that_vanished_is_a_fault_and_no_new_account()
    {
        await WriteAsync("acme");
        await new BlobContainerClient(azurite.ConnectionString, _container).DeleteAsync(cancellationToken: Cancel);

        await Assert.ThrowsAsync<JournalStoreException>(ReadAsync);
    }

    [Fact]
    public async Task No_more_writes_are_under_way_at_once_than_the_setting_says()
    {
        var gate = new WriteGate();
        var options = new AzureStoreOptions { Storage = azurite.ConnectionString, Container = _container, MaxConcurrentWrites = 3 };
        using var storage = AzureGrainStorageTests.GrainStorage(_network.Container(options), _services);
        _network.Watch(gate);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(n => storage.WriteStateAsync(
            StateName, GrainId.Create("account", $"many-{n}"), new GrainState<Snapshot> { State = new Snapshot() })));

        Assert.Equal(3, gate.Most);
    }

    private async Task<GrainState<Snapshot>> WriteAsync(string name)
    {
        var state = new GrainState<Snapshot> { State = new Snapshot { Name = name, Bytes = new byte[100] } };
        await _storage.WriteStateAsync(StateName, Acme, state);
        return state;
    }

    private async Task<GrainState<Snapshot>> ReadAsync()
    {
        var state = new GrainState<Snapshot> { State = new Snapshot() };
        await _storage.ReadStateAsync(StateName, Acme, state);
        return state;
    }
}

/// <summary>Counts the requests that are under way at the same time.</summary>
internal sealed class WriteGate
{
    private readonly Lock _lock = new();
    private int _now;

    public int Most { get; private set; }

    public void Enter()
    {
        lock (_lock)
        {
            Most = Math.Max(Most, ++_now);
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            _now--;
        }
    }
}
