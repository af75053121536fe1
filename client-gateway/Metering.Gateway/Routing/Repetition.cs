namespace Metering.Gateway.Routing;

/// <summary>
/// What happens when a call is done twice: the reason why one whose outcome is unknown may be sent again, or may not. Each call
/// (<see cref="GrainCalls"/>) names its own.
/// </summary>
internal enum Repetition
{
    /// <summary>It carries its caller's id. Done before, it is answered as it was then, marked <c>replayed</c>; nothing is done twice.</summary>
    UnderItsId,

    /// <summary>It changes nothing.</summary>
    Reading,

    /// <summary>
    /// It puts a whole in place of what was there, so twice is as good as once. (An attempt given up might in theory still arrive behind a later
    /// caller's replacement; Orleans drops a message that is older than the time it was given, so only one that hung that long in a
    /// connection could.)
    /// </summary>
    Replacing,

    /// <summary>It ends a thing for good, and ending it again is answered as before.</summary>
    Ending,

    /// <summary>The second answer would deny what the first did: never sent again.</summary>
    Once,
}

internal static class Repetitions
{
    public static bool IsSafe(this Repetition repetition) => repetition switch
    {
        Repetition.UnderItsId => true,
        Repetition.Reading => true,
        Repetition.Replacing => true,
        Repetition.Ending => true,
        Repetition.Once => false,
    };
}
