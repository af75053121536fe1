using System.Globalization;
using Azure;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Azure;

/// <summary>Tells Azure's answers that a store expects from its failures, and says the latter in an operator's words.</summary>
/// <remarks>
/// The error code decides, never the status alone: 404 is also a container that is gone, and a store that took it for "no such blob" would serve every account
/// as new.
/// </remarks>
internal static class AzureFault
{
    /// <summary>There is no such blob, in a container that exists.</summary>
    public static bool IsMissing(RequestFailedException exception) => exception.ErrorCode == "BlobNotFound";

    /// <summary>The request's condition does not hold: somebody else was faster.</summary>
    public static bool IsConflict(RequestFailedException exception) =>
        exception.ErrorCode is "ConditionNotMet" or "AppendPositionConditionNotMet" or "BlobAlreadyExists" or "BlobIsSealed";

    public static bool IsAnswer(RequestFailedException exception) => IsMissing(exception) || IsConflict(exception);

    /// <summary>Whether it may pass by itself, unlike a wrong setting.</summary>
    public static bool IsAway(Exception exception) =>
        exception is not RequestFailedException { Status: >= 400 and < 500 and not (408 or 429) } and not global::Azure.Identity.AuthenticationFailedException;

    public static string Describe(Exception exception, string container) => exception switch
    {
        OperationCanceledException or TimeoutException => $"'{container}' did not answer in time.",
        RequestFailedException { ErrorCode: "ContainerNotFound" } => $"The container '{container}' is missing. Restore it; it is not created anew, because its journal and snapshots were in it.",
        RequestFailedException { Status: 401 or 403 } refused => $"'{container}' refuses this identity or key ({refused.ErrorCode}).",
        RequestFailedException { Status: 0 } unreachable => $"'{container}' cannot be reached: {FirstLine(unreachable.Message)}",
        RequestFailedException failed => string.Create(CultureInfo.InvariantCulture, $"'{container}' failed ({failed.Status} {failed.ErrorCode})."),
        global::Azure.Identity.AuthenticationFailedException => $"No credential for '{container}': {FirstLine(exception.Message)}",

        // What the client throws when all its attempts have failed.
        AggregateException { InnerExceptions: [.., var last] } => Describe(last, container),
        _ => $"'{container}' failed: {FirstLine(exception.Message)}",
    };

    /// <summary>Of several attempts only the last is kept: each is a page of text where it is written, and an outage writes thousands.</summary>
    public static JournalStoreException From(Exception exception, string container) =>
        new(Describe(exception, container), exception is AggregateException { InnerExceptions: [.., var last] } ? last : exception);

    private static string FirstLine(string message) => message.AsSpan().IndexOfAny('\r', '\n') is var end and >= 0 ? message[..end] : message;
}
