using Metering.Contracts;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>A refusal and its HTTP status, which for faults of HTTP itself is finer than the code.</summary>
internal readonly record struct Problem(int Status, Refusal Refusal)
{
    public static Problem NotJson(string detail) => Invalid(StatusCodes.Status400BadRequest, detail);

    public static Problem TooLarge(long maxBytes) =>
        Invalid(StatusCodes.Status413PayloadTooLarge, $"The body may have at most {maxBytes} bytes.");

    public static Problem WrongContentType(string expected) =>
        Invalid(StatusCodes.Status415UnsupportedMediaType, $"The content type must be {expected}.");

    public static Problem Invalid(int status, string detail) =>
        new(status, new Refusal { Code = Code.InvalidRequest, Detail = detail });
}
