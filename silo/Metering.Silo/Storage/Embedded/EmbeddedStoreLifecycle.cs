namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// Opens the store before anything of the silo starts, and closes it after everything that writes has stopped.
/// </summary>
/// <remarks>
/// Opening needs no stage: a silo creates its lifecycle's participants when it is built, and the store is this one's argument, so a bad
/// directory fails the start before the silo listens. Stages stop in reverse order: grains deactivate and partitions flush
/// in later stages, so at the first one nobody writes any more. A silo that never got as far is closed by the container.
/// </remarks>
internal sealed class EmbeddedStoreLifecycle(EmbeddedStore store) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(EmbeddedStoreLifecycle), ServiceLifecycleStage.First, new Closing(store));

    private sealed class Closing(EmbeddedStore store) : ILifecycleObserver
    {
        public Task OnStart(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task OnStop(CancellationToken cancellationToken = default)
        {
            store.Dispose();
            return Task.CompletedTask;
        }
    }
}
