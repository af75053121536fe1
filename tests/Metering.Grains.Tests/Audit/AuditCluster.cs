using System.Collections.Concurrent;
using Metering.Contracts;
using Metering.Grains.Audit;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Metering.Grains.Tests.Audit;

/// <summary>A silo with an audit log on storage in memory that a test can fail, damage and count, and a wall clock that is set by hand.</summary>
internal sealed class AuditCluster : IAsyncDisposable
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly InProcessTestCluster _cluster;

    private AuditCluster(InProcessTestCluster cluster) => _cluster = cluster;

    public WallClock Clock { get; } = new();

    public StateStorage Storage { get; } = new();

    public static async Task<AuditCluster> Start(Action<AuditOptions>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(1);
        AuditCluster? cluster = null;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<TimeProvider>(_ => cluster!.Clock);
            silo.Services.AddGrainStorage(AccountStorage.ProviderName, (_, _) => cluster!.Storage);
            silo.Services.Configure(configure ?? (static _ => { }));
        });
        cluster = new AuditCluster(builder.Build());
        await cluster._cluster.DeployAsync(TestContext.Current.CancellationToken);
        return cluster;
    }

    /// <summary>Makes the grain leave, and waits until the next one answers.</summary>
    public async Task Reactivate()
    {
        await _cluster.Client.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);
        await Read(new AuditQuery { Limit = 1 });
    }

    public Task<Answer<AuditReceipt>> Begin(AuditIntent intent) => Ask(log => log.Begin(intent));

    public Task<Answer<AuditReceipt>> End(AuditResult result) => Ask(log => log.End(result));

    public Task<Answer<AuditPage>> Read(AuditQuery query) => Ask(log => log.Read(query));

    /// <summary>Begins a change and ends it.</summary>
    public async Task Change(string id, AuditOutcome outcome = AuditOutcome.Done)
    {
        Assert.NotNull((await Begin(Intent(id))).Reply);
        Assert.NotNull((await End(new AuditResult(id, outcome, Refusal: null, $$"""{"id":"{{id}}"}"""))).Reply);
    }

    public static AuditIntent Intent(string id) => new()
    {
        Id = id,
        Actor = "key:k1",
        Operation = AuditOperation.AccountPut,
        Resource = $"accounts/{id}",
        Requested = "{}",
    };

    /// <summary>All entries, newest first, page by page.</summary>
    public async Task<List<AuditEntry>> ReadAll(AuditQuery query)
    {
        var entries = new List<AuditEntry>();
        while (true)
        {
            var page = (await Read(query)).Reply!;
            entries.AddRange(page.Entries);
            if (page.Next is null)
            {
                return entries;
            }

            query = query with { Before = page.Next };
        }
    }

    public Task<List<AuditEntry>> ReadAll() => ReadAll(new AuditQuery { Limit = 100 });

    public async Task<AuditCheck> Verify()
    {
        var check = (await Ask(static log => log.Verify(after: null))).Reply!;
        while (check.Next is not null)
        {
            check = (await Ask(log => log.Verify(check))).Reply!;
        }

        return check;
    }

    /// <summary>Asks again when an activation that leaves sends a call back that it has not looked at, as gateways do.</summary>
    private async Task<T> Ask<T>(Func<IAuditLogGrain, Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask(_cluster.Client.GetGrain<IAuditLogGrain>(0));
            }
            catch (OrleansMessageRejectionException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
            }
        }
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    /// <summary>Only the time of day is ours: timers run as they do.</summary>
    internal sealed class WallClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = Noon;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>States by name, under counted ETags, as a storage provider keeps them.</summary>
    internal sealed class StateStorage : IGrainStorage
    {
        private readonly ConcurrentDictionary<string, (string ETag, object State)> _states = new(StringComparer.Ordinal);
        private long _etag;
        private long _writes;

        public long Writes => Interlocked.Read(ref _writes);

        /// <summary>Asked before each write; throws when it is to fail.</summary>
        public Action<string> OnWrite { get; set; } = static _ => { };

        /// <summary>Asked after each write; throws when its answer is to be lost.</summary>
        public Action<string> OnWritten { get; set; } = static _ => { };

        public IReadOnlyCollection<string> Chunks => [.. _states.Keys.Where(static name => name.StartsWith("audit-0", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var found = _states.TryGetValue(stateName, out var stored);
            grainState.State = found ? Copy((T)stored.State) : Activator.CreateInstance<T>();
            (grainState.ETag, grainState.RecordExists) = (found ? stored.ETag : null, found);
            return Task.CompletedTask;
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            OnWrite(stateName);
            var expected = _states.TryGetValue(stateName, out var stored) ? stored.ETag : null;
            if (expected != grainState.ETag)
            {
                throw new InconsistentStateException("Somebody else has written.", expected ?? "none", grainState.ETag ?? "none");
            }

            Interlocked.Increment(ref _writes);
            var etag = $"{Interlocked.Increment(ref _etag)}";
            _states[stateName] = (etag, Copy(grainState.State!)!);
            OnWritten(stateName);
            (grainState.ETag, grainState.RecordExists) = (etag, true);
            return Task.CompletedTask;
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            _states.TryRemove(stateName, out _);
            (grainState.ETag, grainState.RecordExists) = (null, false);
            return Task.CompletedTask;
        }

        public void Remove(string name) => Assert.True(_states.TryRemove(name, out _));

        /// <summary>Changes a chunk behind the log's back.</summary>
        public void Change(string name, Func<byte[], byte[]> change) =>
            _states[name] = (_states[name].ETag, new AuditChunkState { Chunk = change(((AuditChunkState)_states[name].State).Chunk) });

        // What is stored does not change with what the grain has in memory.
        private static T Copy<T>(T state) => state switch
        {
            AuditChunkState chunk => (T)(object)new AuditChunkState { Chunk = [.. chunk.Chunk] },
            AuditMark mark => (T)(object)new AuditMark { Chunk = mark.Chunk },
            _ => state,
        };
    }
}
