using CsCheck;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Azure;

public sealed class AzureAccountIndexTests(SharedAzurite azurite) : IAsyncLifetime, IClassFixture<SharedAzurite>
{
    private const string IdCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";

    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
    private AzureContainer _container = null!;
    private AzureGrainStorage _storage = null!;
    private AzureAccountIndex _index = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Few characters and those next to each other in the order, so that ids are often prefixes of others.
    private static Gen<string> Id => Gen.Frequency(
        (3, Gen.Char["-.09:A_a"].Array[1, 5]),
        (1, Gen.Char[IdCharacters].Array[1, 128])).Select(characters => new string(characters));

    public ValueTask InitializeAsync()
    {
        SharedAzurite.Require();
        _container = SharedAzurite.Container(azurite.Options(SharedAzurite.NewContainer()));
        _storage = AzureGrainStorageTests.GrainStorage(_container, _services);
        _index = new AzureAccountIndex(_container);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _storage?.Dispose();
        await _services.DisposeAsync();
    }

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
    public Task Accounts_are_listed_in_ordinal_order_by_prefix_and_from_anywhere()
    {
        // Pages from ids there are and ids there are not, with prefixes of some.
        var page = Gen.Select(Id, Gen.Int[0, 149], Gen.Int[0, 149], Gen.Int[0, 3], Gen.Int[1, 60]);
        return Gen.Select(Id.HashSet[150], page.List[150]).SampleAsync(
            async (ids, pages) =>
            {
                await AddAsync(ids);
                var sorted = ids.Order(StringComparer.Ordinal).ToList();
                Assert.Equal(sorted, await _index.ListAsync("", "", 1_000, Cancel));
                foreach (var (stranger, known, of, length, limit) in pages)
                {
                    var after = length == 3 ? stranger : sorted[known];
                    var prefix = sorted[of][..Math.Min(length, sorted[of].Length)];
                    var expected = sorted.Where(id => id.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(id, after) > 0).Take(limit);
                    Assert.Equal(expected, await _index.ListAsync(prefix, after, limit, Cancel));
                }
            },
            iter: 1,
            threads: 1);
    }

    [Fact]
    public async Task An_account_is_listed_with_its_first_snapshot_and_no_more_once_it_is_cleared()
    {
        await AddAsync(["acme"]);
        await _storage.WriteStateAsync("settings", GrainId.Create("account", "other-state"), new GrainState<Snapshot> { State = new Snapshot() });
        Assert.Equal(["acme"], await _index.ListAsync("", "", 10, Cancel));

        var state = new GrainState<Snapshot> { State = new Snapshot() };
        await _storage.ReadStateAsync(AccountStorage.StateName, GrainId.Create("account", "acme"), state);
        await _storage.ClearStateAsync(AccountStorage.StateName, GrainId.Create("account", "acme"), state);

        Assert.Empty(await _index.ListAsync("", "", 10, Cancel));
    }

    private static string Whole(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));

    private Task AddAsync(IEnumerable<string> ids) => Task.WhenAll(ids.Select(id => _storage.WriteStateAsync(
        AccountStorage.StateName, GrainId.Create("account", id), new GrainState<Snapshot> { State = new Snapshot { Name = id } })));
}
