namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// Opens the database before anything of the silo starts, and closes it after everything that writes has stopped.
/// </summary>
/// <remarks>
/// Opening needs no stage: a silo creates its lifecycle's participants when it is built, and the database is this one's argument, so a bad
/// directory fails the start before the silo listens. Stages stop in reverse order: grains deactivate and partitions flush
/// in later stages, so at the first one nobody writes any more. A silo that never got as far is closed by the container.
/// </remarks>
internal sealed class EmbeddedStoreLifecycle(EmbeddedDatabase database) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(EmbeddedStoreLifecycle), ServiceLifecycleStage.First, new Closing(database));

    private sealed class Closing(EmbeddedDatabase database) : ILifecycleObserver
    {
        public Task OnStart(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task OnStop(CancellationToken cancellationToken = default)
        {
            database.Dispose();
            return Task.CompletedTask;
        }
    }
}
