using Metering.Contracts;
using Metering.Grains.Audit;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
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

    /// <summary>Waits until the log has had its turn at all that was sent before: an intent that comes too late is answered while others wait for a write.</summary>
    public async Task TurnsTaken()
    {
        AttemptTime.Begin(Noon.AddDays(-1), TimeSpan.Zero);
        Assert.NotNull((await Begin(Intent("late"))).Refusal);
    }

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
}
