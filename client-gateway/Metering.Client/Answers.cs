namespace Metering.Client;

/// <summary>What a call got: a reply, or the refusal that says why there is none.</summary>
/// <param name="Reply">The reply; null when it was refused.</param>
/// <param name="Refusal">The refusal; null when there is a reply.</param>
public readonly record struct Answer<T>(T? Reply, Refusal? Refusal)
    where T : class;

/// <summary>A request that was refused. It changed nothing, and its id is not remembered.</summary>
public sealed record Refusal
{
    /// <summary>Which rule was broken, such as <c>insufficient_credits</c> or <c>id_reused</c>. A code never changes meaning.</summary>
    public required string Code { get; init; }

    /// <summary>One sentence for a person.</summary>
    public required string Detail { get; init; }

    public string? Account { get; init; }

    /// <summary>Credits that were needed, when there were too few.</summary>
    public decimal? Required { get; init; }

    /// <summary>Credits that were available, when there were too few.</summary>
    public decimal? Available { get; init; }

    /// <summary>Whether the same request can succeed later without anybody changing the account.</summary>
    public required bool IsRetryable { get; init; }

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
public sealed class MeteringException(string message, Exception innerException) : Exception(message, innerException);
