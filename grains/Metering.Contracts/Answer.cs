namespace Metering.Contracts;

/// <summary>What a grain answers: a reply, or the refusal that says why there is none.</summary>
[GenerateSerializer, Immutable, Alias("metering.Answer`1")]
public readonly record struct Answer<T>(
    [property: Id(0)] T? Reply,
    [property: Id(1)] Refusal? Refusal)
    where T : class
{
    public static implicit operator Answer<T>(T reply) => new(reply, null);

    public static implicit operator Answer<T>(Refusal refusal) => new(null, refusal);
}

/// <summary>A request that was refused. It changed nothing, and its id is not remembered.</summary>
[GenerateSerializer, Immutable, Alias("metering.Refusal")]
public sealed record Refusal
{
    [Id(0)] public required Code Code { get; init; }

    /// <summary>One sentence for a person, naming the rule that was broken.</summary>
    [Id(1)] public required string Detail { get; init; }

    [Id(2)] public string? Account { get; init; }

    /// <summary>Credits that were needed, when there were too few.</summary>
    [Id(3)] public decimal? Required { get; init; }

    /// <summary>Credits that were available to it, when there were too few.</summary>
    [Id(4)] public decimal? Available { get; init; }

    /// <summary>Each fault of an <see cref="Code.InvalidRequest"/>, by path.</summary>
    [Id(5)] public IReadOnlyList<FieldFault> Errors { get; init; } = [];

    /// <summary>When to try again, for the codes that pass by themselves.</summary>
    [Id(6)] public TimeSpan? RetryAfter { get; init; }

    /// <summary>True when what passes by itself for others of this code does not for this request, as one larger than a rate limit's burst.</summary>
    [Id(7)] public bool IsLasting { get; init; }

    /// <summary>
    /// Whether sending the same request again, under the same id, can succeed without anybody changing the account:
    /// the cause passes by itself.
    /// </summary>
    public bool IsRetryable => !IsLasting && Code.IsRetryable();

    public static Refusal Invalid(IReadOnlyList<FieldFault> errors) => new()
    {
        Code = Code.InvalidRequest,
        Detail = errors.Count == 1 ? $"{errors[0].Path}: {errors[0].Message}" : $"{errors.Count} fields are not valid; see errors.",
        Errors = errors,
    };
}

/// <summary>
/// One field that is not valid. <c>Path</c> is where it stands in the body, as in <c>lines[0].quantity</c>; <c>Code</c> is one of
/// <c>required</c>, <c>unknown_field</c>, <c>wrong_type</c>, <c>bad_format</c>, <c>out_of_range</c>, <c>too_long</c>, <c>too_many</c>, <c>too_precise</c>,
/// <c>duplicate</c>, <c>conflict</c>, <c>not_rising</c>, <c>gap</c>, <c>in_past</c>.
/// </summary>
[GenerateSerializer, Immutable, Alias("metering.FieldFault")]
public sealed record FieldFault(
    [property: Id(0)] string Path,
    [property: Id(1)] string Code,
    [property: Id(2)] string Message);
