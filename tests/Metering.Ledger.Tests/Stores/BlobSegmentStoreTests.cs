using Metering.Ledger.Segments;
using Metering.Ledger.Segments.Blobs;
using Metering.TestServers;

namespace Metering.Ledger.Tests.Stores;

public sealed class BlobSegmentStoreTests(Azurite azurite) : SegmentStoreSuite, IClassFixture<Azurite>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly List<BlobSegmentStore> _stores = [];
    private BlobLedgerOptions? _options;

    private string CacheDirectory => Path.Combine(Folder.Path, "cache");

    protected override ISegmentStore Open()
    {
        Azurite.Require();
        return Open(_options ??= azurite.NewLedger(CacheDirectory));
    }

    [Fact]
    public async Task The_cache_lets_the_longest_unused_go_and_never_what_is_in_use()
    {
        Azurite.Require();
        var size = (int)(BlobLedgerOptions.LeastMaxCacheBytes / 4) + 1;
        var options = azurite.NewLedger(CacheDirectory) with { MaxCacheBytes = BlobLedgerOptions.LeastMaxCacheBytes };
        var writer = Open(options);
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            await PutAsync(writer, name, new byte[size]);
        }

        var store = Open(options);
        using var a = await store.OpenAsync("a", Token);
        (await store.OpenAsync("b", Token))!.Dispose();
        (await store.OpenAsync("c", Token))!.Dispose();
        (await store.OpenAsync("d", Token))!.Dispose();
        Assert.Equal(3L * size, store.CachedBytes);
        Assert.Equal(size, new FileInfo(a!.Path).Length);
        using var c = await store.OpenAsync("c", Token);
        using var d = await store.OpenAsync("d", Token);
        var full = await Assert.ThrowsAsync<LedgerStoreException>(() => store.OpenAsync("b", Token));
        Assert.Contains("needed at once", full.Message, StringComparison.Ordinal);
        Assert.Equal(3L * size, store.CachedBytes);
    }

    [Fact]
    public async Task Many_who_ask_for_a_segment_at_once_wait_for_one_transfer()
    {
        var store = (BlobSegmentStore)Open();
        await PutAsync(store, "a", new byte[1 << 20]);
        var files = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => store.OpenAsync("a", Token)));
        Assert.Equal(1 << 20, store.CachedBytes);
        Assert.Single(files.Select(static file => file!.Path).Distinct());
        Array.ForEach(files, static file => file!.Dispose());
    }

    [Fact]
    public async Task A_process_leaves_nothing_on_the_disk_and_removes_what_one_that_was_killed_left()
    {
        var killed = Directory.CreateDirectory(Path.Combine(CacheDirectory, "killed"));
        await File.WriteAllBytesAsync(Path.Combine(killed.FullName, "segment"), [1], Token);
        var (first, second) = ((BlobSegmentStore)Open(), (BlobSegmentStore)Open());
        await PutAsync(first, "a", [1]);
        Assert.False(killed.Exists && Directory.Exists(killed.FullName));
        Assert.Equal<byte[]>([1], await ReadAsync(second, "a"));
        Assert.Equal(2, Directory.GetDirectories(CacheDirectory).Length);
        first.Dispose();
        second.Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(CacheDirectory));
    }

    [Fact]
    public async Task A_container_that_is_gone_or_was_never_there_is_named_and_not_made_anew()
    {
        var store = Open();
        await PutAsync(store, "date=2026-01-01/hour=00/a", [1]);
        await new Azure.Storage.Blobs.BlobContainerClient(azurite.Server.ConnectionString, _options!.Container).DeleteAsync(cancellationToken: Token);
        var reader = Open(_options with { MayCreate = false });
        foreach (var each in new[] { store, reader })
        {
            var gone = await Assert.ThrowsAsync<LedgerStoreException>(() => each.ListAsync("", Token));
            Assert.Contains("is missing", gone.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<LedgerStoreException>(() => PutAsync(store, "date=2026-01-01/hour=00/a", [1]));
    }

    [Fact]
    public async Task A_service_that_is_away_is_told_of_in_time_and_used_again_when_it_is_back()
    {
        Azurite.Require();
        await using var link = CuttableLink.To(azurite.Server.Port);
        var ledger = azurite.NewLedger(CacheDirectory);
        await PutAsync(Open(ledger), "a", [1]);
        var store = Open(ledger with
        {
            Storage = AzuriteServer.ConnectionStringOf(System.Net.IPEndPoint.Parse(link.Address)),
            RequestTimeout = TimeSpan.FromSeconds(1),
        });
        Assert.Equal(["a"], await ListAtLastAsync(store));
        link.Cut();
        var away = await Assert.ThrowsAsync<LedgerStoreException>(() => store.ListAsync("", Token)).WaitAsync(Patience, Token);
        Assert.Contains("did not answer in time", away.Message, StringComparison.Ordinal);
        link.Heal();
        Assert.Equal(["a"], await ListAtLastAsync(store));
    }

    /// <summary>A busy machine may be slower than the store waits.</summary>
    private static async Task<IReadOnlyList<string>> ListAtLastAsync(BlobSegmentStore store)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        while (true)
        {
            try
            {
                return await store.ListAsync("", patience.Token);
            }
            catch (LedgerStoreException)
            {
                patience.Token.ThrowIfCancellationRequested();
            }
        }
    }

    [Theory]
    [InlineData("nonsense", "ledger", "neither a connection string")]
    [InlineData("UseDevelopmentStorage=true", "No_Container", "cannot be the name")]
    public void A_setting_that_cannot_work_is_refused_before_anything_is_asked(string storage, string container, string fault) =>
        Assert.Contains(
            fault,
            Assert.Throws<LedgerStoreException>(() => new BlobSegmentStore(new BlobLedgerOptions { Storage = storage, Container = container, MayCreate = true })).Message,
            StringComparison.Ordinal);

    public override void Dispose()
    {
        _stores.ForEach(static store => store.Dispose());
        base.Dispose();
    }

    private BlobSegmentStore Open(BlobLedgerOptions options)
    {
        var store = new BlobSegmentStore(options);
        _stores.Add(store);
        return store;
    }
}
