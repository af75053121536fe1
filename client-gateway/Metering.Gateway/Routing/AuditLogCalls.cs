using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>Takes entries of the audit log to the grain that keeps it, and reads them, in the way of <see cref="GrainRouter"/>.</summary>
internal sealed class AuditLogCalls(GrainCalls calls, IGrainFactory grains, ISilos silos, TimeProvider time)
{
    /// <summary>It writes a store within the call.</summary>
    private static readonly TimeSpan WriteAttempt = TimeSpan.FromSeconds(3);

    /// <summary>Reading may take a while, and to ask again would only make it longer.</summary>
    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(20);

    // Each has an id, by which another attempt is recognised.
    public Task<Answer<AuditReceipt>> Begin(AuditIntent intent) => Send(Repetition.UnderItsId, intent, static (log, intent) => log.Begin(intent), WriteAttempt, calls.Begin());

    public Task<Answer<AuditReceipt>> End(AuditResult result) => Send(Repetition.UnderItsId, result, static (log, result) => log.End(result), WriteAttempt, calls.Begin());

    public Task<Answer<AuditPage>> Read(AuditQuery query) => Send(Repetition.Reading, query, static (log, query) => log.Read(query), ReadTime, new Deadline(time, ReadTime));

    /// <param name="after">What the part before was found to be; null to begin.</param>
    public Task<Answer<AuditCheck>> Verify(AuditCheck? after) => Send(Repetition.Reading, after, static (log, after) => log.Verify(after), ReadTime, new Deadline(time, ReadTime));

    private Task<Answer<T>> Send<TArgument, T>(
        Repetition repetition, TArgument argument, Func<IAuditLogGrain, TArgument, Task<Answer<T>>> call, TimeSpan attempt, Deadline deadline)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? Task.FromResult<Answer<T>>(SiloFailure.NotFound(null, reason))
            : calls.Send(null, repetition, grains.GetGrain<IAuditLogGrain>(0), argument, call, attempt, deadline);
}
