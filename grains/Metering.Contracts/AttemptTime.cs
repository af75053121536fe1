namespace Metering.Contracts;

/// <summary>
/// How long an attempt of a call may be on its way. It travels with the call, and an account that gets it later decides nothing.
/// </summary>
/// <remarks>
/// A gateway that has waited long enough sends a call again under the same id, and tells its caller what the second attempt was told. The first may still be in the sockets of a
/// silo that stands still. What was done is remembered by its id, so it is never done twice; but a refusal is not remembered, and the first attempt, woken up when the caller has long been
/// told "insufficient credits", would be charged after all. So an attempt ends before its silo can have been declared dead and another have refused in its place.
/// It is told by the clocks of gateway and silo, which may differ by less than <see cref="Grace"/>; a silo that is further ahead than that and the attempt's own time takes no calls.
/// </remarks>
public static class AttemptTime
{
    /// <summary>What an attempt gets beyond the time its gateway waits for it.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private const string Key = "metering.until";

    /// <summary>For the calls that the running method makes from now on.</summary>
    /// <param name="now">By the caller's clock.</param>
    /// <param name="attempt">How long it waits for the answer.</param>
    public static void Begin(DateTimeOffset now, TimeSpan attempt) => RequestContext.Set(Key, (now + attempt + Grace).UtcTicks);

    /// <summary>Whether the call that is being served came too late. One that bears no time never does.</summary>
    public static bool IsOver(DateTimeOffset now) => RequestContext.Get(Key) is long until && now.UtcTicks > until;

    /// <summary>How much longer the caller waits for the answer to the call that is being served, by both clocks; null when it said nothing.</summary>
    public static TimeSpan? Left(DateTimeOffset now) => RequestContext.Get(Key) is long until ? TimeSpan.FromTicks(until - now.UtcTicks) - Grace : null;
}
