using Metering.Contracts;
using Orleans.Concurrency;

namespace Metering.Grains;

/// <summary>It has nothing and is on every silo, so an answer says that the silo works, and nothing about any store.</summary>
[StatelessWorker(maxLocalWorkers: 1)]
internal sealed class SiloProbeGrain : Grain, ISiloProbeGrain
{
    public Task Answer() => Task.CompletedTask;
}
