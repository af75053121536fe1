using Microsoft.Extensions.Logging;

namespace Metering.Gateway;

/// <summary>What operators of a gateway read. Event ids are stable.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A grain did not answer; the caller hears unavailable and may retry with the same id ({Untold} more since this was last said)")]
    public static partial void GrainUnavailable(this ILogger logger, long untold, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "A request failed for no reason we know; the caller hears unavailable")]
    public static partial void RequestFailed(this ILogger logger, Exception exception);

    [LoggerMessage(3, LogLevel.Warning, "The silo does not answer: not ready")]
    public static partial void SiloNotReady(this ILogger logger, Exception exception);

    [LoggerMessage(4, LogLevel.Warning, "Not connected to the cluster: {Reason} It goes on trying ({Cause})")]
    public static partial void NoSilo(this ILogger logger, string reason, string cause);

    [LoggerMessage(5, LogLevel.Information, "Connected to the cluster")]
    public static partial void SilosFound(this ILogger logger);

    [LoggerMessage(7, LogLevel.Warning, "The silos of the cluster could not be listed; charges go by what was known before ({Cause})")]
    public static partial void SilosNotListed(this ILogger logger, string cause);

    [LoggerMessage(20, LogLevel.Warning, "The keys could not be read; those known are believed for {MaxAge} after they were last read ({Cause})")]
    public static partial void KeysNotRead(this ILogger logger, TimeSpan maxAge, string cause);

    [LoggerMessage(21, LogLevel.Error, "A first admin key may have been made, and could not be printed; when nobody has one, set AdminKey")]
    public static partial void FirstKeyInDoubt(this ILogger logger, Exception exception);

    [LoggerMessage(22, LogLevel.Information, "Another certificate is in use for new connections; it ends at {NotAfter:O}")]
    public static partial void CertificateReplaced(this ILogger logger, DateTime notAfter);

    [LoggerMessage(23, LogLevel.Warning, "The certificate's files could not be read; new connections get the one before ({Cause})")]
    public static partial void CertificateNotRead(this ILogger logger, string cause);

    [LoggerMessage(24, LogLevel.Warning, "The issuer of tokens does not answer; callers with tokens that are not remembered hear unavailable ({Cause})")]
    public static partial void IssuerAway(this ILogger logger, string cause);

    [LoggerMessage(6, LogLevel.Critical, "The client of the cluster failed for no reason we know, and does not try again")]
    public static partial void ConnectingFailed(this ILogger logger, Exception exception);
}
