namespace Metering.Silo.Storage.Azure;

/// <summary>Makes sure of the container before anything of the silo starts.</summary>
/// <param name="container">The store's container.</param>
/// <param name="mustAnswer">
/// The journal must: without it a silo can do nothing. Snapshots need not: a silo that starts while they are away serves the rest as soon as they are back.
/// </param>
internal sealed class AzureStoreLifecycle(AzureContainer container, bool mustAnswer) : ILifecycleParticipant<ISiloLifecycle>, IConnectedStore
{
    public Task ConnectAsync(CancellationToken cancellationToken) => container.StartAsync(mustAnswer, cancellationToken);

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        $"{nameof(AzureStoreLifecycle)} {container.Health.Store}",
        ServiceLifecycleStage.First,
        ConnectAsync);
}
