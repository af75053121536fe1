namespace Metering.Client;

/// <summary>What a call got: a reply, or the refusal that says why there is none.</summary>
/// <param name="Reply">The reply; null when it was refused.</param>
/// <param name="Refusal">The refusal; null when there is a reply.</param>
/// <typeparam name="T">The reply.</typeparam>
public readonly record struct Answer<T>(T? Reply, Refusal? Refusal)
    where T : class;

/// <summary>A request that was refused. It changed nothing, and its id is not remembered.</summary>
/// <remarks>
/// But for <see cref="Codes.Unavailable"/>: then nobody could tell the outcome within the deadline, and only the same request with the same id
/// finds it.
/// </remarks>
public sealed record Refusal
{
    /// <summary>Which rule was broken: one of <see cref="Codes"/>. A code never changes meaning; newer servers may know more of them.</summary>
    public required string Code { get; init; }

    /// <summary>One sentence for a person.</summary>
    public required string Detail { get; init; }

    /// <summary>The account it was about, if any.</summary>
    public string? Account { get; init; }

    /// <summary>Credits that were needed, when there were too few.</summary>
    public decimal? Required { get; init; }

    /// <summary>Credits that were available, when there were too few.</summary>
    public decimal? Available { get; init; }

    /// <summary>Whether the same request can succeed later without anybody changing the account.</summary>
    public required bool IsRetryable { get; init; }

    /// <summary>When to try again, for what passes by itself.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Each fault of a request that is not valid, by path.</summary>
    public IReadOnlyList<FieldFault> Errors { get; init; } = [];
}

/// <summary>One field that is not valid.</summary>
/// <param name="Path">Where it stands, as in <c>lines[0].quantity</c>.</param>
/// <param name="Code">What is wrong with it, such as <c>required</c> or <c>out_of_range</c>.</param>
/// <param name="Message">For a person.</param>
public sealed record FieldFault(string Path, string Code, string Message);

/// <summary>A call got no answer: its outcome is unknown. Send the same request again, with the same id, to find out.</summary>
/// <param name="message">For a person.</param>
/// <param name="innerException">What the last attempt failed with.</param>
public sealed class MeteringException(string message, Exception? innerException) : Exception(message, innerException)
{
    internal const string Unanswered = "No answer came in time. It may or may not have been done: send it again with the same id.";

    /// <summary>The charge, as it was sent, when it was one: to send it again with the id it had.</summary>
    public AccountCharge? Charge { get; internal init; }
}
