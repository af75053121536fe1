using System.Diagnostics;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Metering.Storage.Tests.Azure;

/// <summary>Azurite dies, or stops answering, in the middle of things. It stores what it acknowledges, as Azure does (<see cref="AzuriteServer"/>).</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
    private AzuriteServer _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        SharedAzurite.Require();
        _server = await AzuriteServer.StartAsync(isDurable: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Kill_9_in_the_middle_of_appends_loses_nothing_acknowledged_and_the_log_goes_on()
    {
        const int Logs = 4;
        const int Rounds = 4;
        using var store = SharedAzurite.Journal(Options(TimeSpan.FromSeconds(5)));
        var acknowledged = new long[Logs];
        for (var round = 0; round < Rounds; round++)
        {
            using var enough = new SemaphoreSlim(0);
            var appending = Enumerable.Range(0, Logs).Select(log => AppendUntilItFailsAsync(store, log, acknowledged, enough)).ToArray();
            for (var count = 0; count < 40 * (round + 1); count++)
            {
                await enough.WaitAsync(Cancel);
            }

            await _server.KillAsync();
            await Task.WhenAll(appending);
            await _server.RestartAsync();
            for (var log = 0; log < Logs; log++)
            {
                acknowledged[log] = await AssertWholeAsync(store, log, acknowledged[log]);
            }
        }
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_noticed_in_time_and_its_health_tells()
    {
        var timeout = TimeSpan.FromSeconds(1);
        var container = SharedAzurite.Container(Options(timeout));
        using var store = SharedAzurite.Journal(container);
        using var storage = AzureGrainStorageTests.GrainStorage(container, _services);
        var snapshot = new GrainState<Snapshot> { State = new Snapshot { Name = "acme" } };
        await storage.WriteStateAsync("account", GrainId.Create("account", "acme"), snapshot);
        Assert.Equal(AppendOutcome.Appended, await store.AppendAsync("log", 1, SharedAzurite.Bytes(1), Cancel));
        Assert.Null(container.Health.Failure);

        _server.Pause();
        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAsync<JournalStoreException>(() => store.AppendAsync("log", 2, SharedAzurite.Bytes(2), Cancel));
        await Assert.ThrowsAsync<JournalStoreException>(() => storage.WriteStateAsync("account", GrainId.Create("account", "acme"), snapshot));
        await Assert.ThrowsAsync<JournalStoreException>(() => storage.ReadStateAsync("account", GrainId.Create("account", "acme"), snapshot));
        Assert.True(watch.Elapsed < 6 * timeout, $"Three requests that may take {timeout} each took {watch.Elapsed} to give up.");
        Assert.Contains("did not answer in time", container.Health.Failure, StringComparison.Ordinal);
        Assert.NotNull(container.Health.LastFailureAt);
        _server.Resume();

        // Resumed, it carries out what it was sent meanwhile, perhaps only now.
        var last = (await store.OpenAsync("log", Cancel)).Last;
        Assert.InRange(last, 1, 2);
        Assert.Null(container.Health.Failure);
        Assert.True(container.Health.LastSuccessAt >= container.Health.LastFailureAt);
    }

    private AzureStoreOptions Options(TimeSpan timeout) =>
        new() { Storage = _server.ConnectionString, MaxSegmentRecords = 10, RequestTimeout = timeout };

    private static async Task AppendUntilItFailsAsync(AzureJournalStore store, int log, long[] acknowledged, SemaphoreSlim each)
    {
        try
        {
            while (true)
            {
                var number = acknowledged[log] + 1;
                Assert.Equal(AppendOutcome.Appended, await store.AppendAsync(Name(log), number, SharedAzurite.Bytes(number), Cancel));
                acknowledged[log] = number;
                each.Release();
            }
        }
        catch (JournalStoreException)
        {
            // Killed: what became of the last one is unknown.
        }
    }

    private static async Task<long> AssertWholeAsync(AzureJournalStore store, int log, long acknowledged)
    {
        var extent = await store.OpenAsync(Name(log), Cancel);
        Assert.InRange(extent.Last, acknowledged, acknowledged + 1);
        var read = await SharedAzurite.ReadAsync(store, Name(log), 0);
        Assert.Equal(Enumerable.Range(1, (int)extent.Last).Select(n => (long)n), read.Select(record => record.Number));
        Assert.All(read, record => Assert.Equal(SharedAzurite.Bytes(record.Number), record.Bytes.ToArray()));
        return extent.Last;
    }

    private static string Name(int log) => $"log-{log}";
}
