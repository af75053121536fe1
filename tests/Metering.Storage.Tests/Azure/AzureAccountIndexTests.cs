using CsCheck;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Azure;

public sealed class AzureAccountIndexTests(SharedAzurite azurite) : AccountIndexSuite, IClassFixture<SharedAzurite>
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
    private AzureGrainStorage? _storage;

    [Fact]
    public void Names_of_ids_sort_as_the_ids_do() => Gen.Select(Id, Id).Sample((one, other) =>
        Math.Sign(string.CompareOrdinal(one, other))
        == Math.Sign(string.CompareOrdinal(StateBlob.Name("account", GrainId.Create("account", one)), StateBlob.Name("account", GrainId.Create("account", other)))));

    [Fact]
    public void Any_two_texts_have_different_names_that_are_read_back() => Gen.Select(Gen.String, Gen.String).Sample((one, other) =>
    {
        // What is no text in UTF-8 (half of a pair) is no key of a grain either.
        var (first, second) = (Whole(one), Whole(other));
        return BlobName.Read(BlobName.Write(first)) == first && (first == second) == (BlobName.Write(first) == BlobName.Write(second));
    });

    [Fact]
    public async Task An_account_is_listed_with_its_first_snapshot_and_no_more_once_it_is_cleared()
    {
        await AddAsync("acme");
        await _storage!.WriteStateAsync("settings", GrainId.Create("account", "other-state"), new GrainState<Snapshot> { State = new Snapshot() });
        Assert.Equal(["acme"], await Index.ListAsync("", "", 10, Cancel));

        var state = new GrainState<Snapshot> { State = new Snapshot() };
        await _storage.ReadStateAsync(AccountStorage.StateName, GrainId.Create("account", "acme"), state);
        await _storage.ClearStateAsync(AccountStorage.StateName, GrainId.Create("account", "acme"), state);

        Assert.Empty(await Index.ListAsync("", "", 10, Cancel));
    }

    protected override Task<IAccountIndex> OpenIndexAsync()
    {
        SharedAzurite.Require();
        var container = SharedAzurite.Container(azurite.Options(SharedAzurite.NewContainer()));
        _storage = AzureGrainStorageTests.GrainStorage(container, _services);
        return Task.FromResult<IAccountIndex>(new AzureAccountIndex(container));
    }

    protected override async Task CloseIndexAsync()
    {
        _storage?.Dispose();
        await _services.DisposeAsync();
    }

    protected override async Task AddAsync(string account)
    {
        var state = new GrainState<Snapshot> { State = new Snapshot() };
        await _storage!.ReadStateAsync(AccountStorage.StateName, GrainId.Create("account", account), state);
        state.State = new Snapshot { Name = account };
        await _storage.WriteStateAsync(AccountStorage.StateName, GrainId.Create("account", account), state);
    }

    private static string Whole(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
}
