namespace Metering.Silo.Storage.Redis;

/// <summary>
/// Connects before anything of the silo starts, so that a Redis that cannot be used fails the start, and disconnects after everything that writes has
/// stopped: stages stop in reverse order.
/// </summary>
internal sealed class RedisStoreLifecycle(RedisConnections redis) : ILifecycleParticipant<ISiloLifecycle>, IConnectedStore
{
    public Task ConnectAsync(CancellationToken cancellationToken) => redis.ConnectAsync(cancellationToken);

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
        nameof(RedisStoreLifecycle),
        ServiceLifecycleStage.First,
        ConnectAsync,
        async _ => await redis.DisposeAsync());
}
