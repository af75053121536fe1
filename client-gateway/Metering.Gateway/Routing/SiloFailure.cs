using System.Net.Sockets;
using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>What a call that brought no answer is to its caller: a refusal, and whether the cause may pass by itself.</summary>
/// <remarks>
/// A silo that sheds load has refused before it began: <see cref="Code.Overloaded"/>, which only the caller may send again, later, for more of the same
/// at once is what it has too much of. Everything else is <see cref="Code.Unavailable"/> with an unknown outcome.
/// </remarks>
internal readonly record struct SiloFailure(Refusal Refusal, bool MayPass)
{
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public static SiloFailure Of(string? account, Exception exception) => exception switch
    {
        _ when IsLoadShed(exception) => new(Overloaded(account), MayPass: false),
        _ => new(Unanswered(account), IsForeseen(exception)),
    };

    /// <summary>A silo that has as much as it takes; it did nothing.</summary>
    public static bool IsLoadShed(Exception exception) => exception is GatewayTooBusyException or LimitExceededException;

    /// <summary>Silos and networks fail like this; anything else is a fault of ours, which another attempt would only repeat.</summary>
    public static bool IsForeseen(Exception exception) =>
        exception is TimeoutException or OrleansException or OperationCanceledException or SocketException or IOException;

    public static Refusal NotFound(string? account, string reason) => new()
    {
        Code = Code.Unavailable,
        Detail = reason,
        Account = account,
        RetryAfter = RetryAfter,
    };

    public static Refusal TooManyWaiting(string? account) => new()
    {
        Code = Code.Overloaded,
        Detail = "More charges wait for the silo than it takes.",
        Account = account,
        RetryAfter = RetryAfter,
    };

    public static Refusal Overloaded(string? account) => new()
    {
        Code = Code.Overloaded,
        Detail = "The silo has as many requests as it takes.",
        Account = account,
        RetryAfter = RetryAfter,
    };

    public static Refusal Unanswered(string? account) => new()
    {
        Code = Code.Unavailable,
        Detail = "No answer came in time. It may or may not have been done: send it again with the same id.",
        Account = account,
        RetryAfter = RetryAfter,
    };
}
