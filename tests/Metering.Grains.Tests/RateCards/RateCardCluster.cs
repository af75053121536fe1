using Metering.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using Orleans.TestingHost;

namespace Metering.Grains.Tests.RateCards;

/// <summary>Silos with rate cards on storage in memory, and a wall clock that is set by hand.</summary>
internal sealed class RateCardCluster : IAsyncDisposable
{
    internal static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private RateCardCluster(InProcessTestCluster cluster) => Cluster = cluster;

    internal InProcessTestCluster Cluster { get; }

    internal WallClock Clock { get; } = new();

    internal UnsteadyStorage Storage { get; private set; } = null!;

    internal static async Task<RateCardCluster> Start(Action<RateCardOptions>? configure = null, short silos = 1)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        RateCardCluster? cluster = null;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorage("memory");
            silo.Services.AddSingleton<TimeProvider>(_ => cluster!.Clock);
            silo.Services.AddGrainStorage(
                "accounts",
                (provider, _) => cluster!.Storage ??= new UnsteadyStorage(provider.GetRequiredKeyedService<IGrainStorage>("memory")));
            silo.Services.AddRateCards().Configure(configure ?? (_ => { }));
        });
        cluster = new RateCardCluster(builder.Build());
        await cluster.Cluster.DeployAsync(TestContext.Current.CancellationToken);
        return cluster;
    }

    internal IRateCardGrain Card(string id) => Cluster.Client.GetGrain<IRateCardGrain>(id);

    internal Grains.RateCards Cache(int silo = 0) =>
        Cluster.GetSiloServiceProvider(Cluster.Silos[silo].SiloAddress).GetRequiredService<Grains.RateCards>();

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    /// <summary>Only the time of day is ours: timers run as they do.</summary>
    internal sealed class WallClock : TimeProvider
    {
        internal DateTimeOffset Now { get; set; } = Noon;

        public override DateTimeOffset GetUtcNow() => Now;
    }

    /// <summary>Storage that fails on demand, before or after what was to be written has landed.</summary>
    internal sealed class UnsteadyStorage(IGrainStorage inner) : IGrainStorage
    {
        internal enum Failure
        {
            None,
            Before,
            After,
        }

        internal Failure NextWrite { get; set; }

        internal int Reads { get; private set; }

        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            Reads++;
            return inner.ReadStateAsync(stateName, grainId, grainState);
        }

        public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            var failure = NextWrite;
            NextWrite = Failure.None;
            if (failure == Failure.Before)
            {
                throw new IOException("The disk is full.");
            }

            await inner.WriteStateAsync(stateName, grainId, grainState);
            if (failure == Failure.After)
            {
                throw new TimeoutException("The answer got lost.");
            }
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
            inner.ClearStateAsync(stateName, grainId, grainState);
    }
}
