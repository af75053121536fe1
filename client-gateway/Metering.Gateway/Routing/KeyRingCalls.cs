using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>Takes changes of the API keys to the grain that keeps them, in the way of <see cref="GrainRouter"/>.</summary>
internal sealed class KeyRingCalls(GrainCalls calls, IGrainFactory grains, ISilos silos)
{
    // It writes a store within the call.
    private static readonly TimeSpan Attempt = TimeSpan.FromSeconds(3);

    private IKeyRingGrain Ring => grains.GetGrain<IKeyRingGrain>(0);

    public Task<Answer<ApiKey>> Add(ApiKey key) => Send(Repetition.UnderItsId, key, static (ring, key) => ring.Add(key, onlyAsFirst: false));

    /// <param name="id">The key.</param>
    /// <param name="sha256">Of its next text, by which another attempt is recognised.</param>
    /// <param name="overlap">How long the texts before go on.</param>
    /// <param name="isOnlyWayIn">Whether administrators have no other way in than keys of the ring.</param>
    public Task<Answer<ApiKey>> Rotate(string id, byte[] sha256, TimeSpan overlap, bool isOnlyWayIn) => Send(
        Repetition.UnderItsId,
        (id, sha256, overlap, isOnlyWayIn),
        static (ring, it) => it.isOnlyWayIn ? ring.RotateUnlessLastAdmin(it.id, it.sha256, it.overlap) : ring.Rotate(it.id, it.sha256, it.overlap));

    /// <param name="id">The key.</param>
    /// <param name="isOnlyWayIn">Whether administrators have no other way in than keys of the ring.</param>
    public Task<Answer<ApiKey>> Revoke(string id, bool isOnlyWayIn) =>
        Send(Repetition.Ending, (id, isOnlyWayIn), static (ring, it) => it.isOnlyWayIn ? ring.RevokeUnlessLastAdmin(it.id) : ring.Revoke(it.id));

    public Task<Answer<KeyRing>> GetForTokens() => Send(Repetition.Replacing, 0, static (ring, _) => ring.GetForTokens());

    private Task<Answer<T>> Send<TArgument, T>(Repetition repetition, TArgument argument, Func<IKeyRingGrain, TArgument, Task<Answer<T>>> call)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? Task.FromResult<Answer<T>>(SiloFailure.NotFound(null, reason))
            : calls.Send(null, repetition, Ring, argument, call, Attempt, calls.Begin());
}
