using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>Writes replies and problems, whole and with their length.</summary>
internal static class JsonResponse
{
    public const string ContentType = "application/json";
    public const string ProblemContentType = "application/problem+json";

    // A buffer that once held a large batch is let go again.
    private const int MaxKeptBytes = 64 * 1_024;

    private static readonly TimeSpan DefaultRetryAfter = TimeSpan.FromSeconds(1);

    private static readonly JsonWriterOptions Options = new()
    {
        // The reply is JSON and never part of a page, so only what JSON asks for is escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
#if !DEBUG
        SkipValidation = true,
#endif
    };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? _writer;

    public static void WriteAnswer<T>(HttpContext context, Answer<T> answer, Action<Utf8JsonWriter, T> write)
        where T : class
    {
        if (answer.Reply is { } reply)
        {
            Write(context, StatusCodes.Status200OK, ContentType, reply, write);
        }
        else
        {
            WriteProblem(context, answer.Refusal!);
        }
    }

    /// <summary>One result per charge of a batch, in the batch's order.</summary>
    public static void WriteResults(HttpContext context, Answer<ChargeReply>[] answers) =>
        Write(context, StatusCodes.Status200OK, ContentType, answers, static (json, answers) =>
        {
            json.WriteStartObject();
            json.WriteStartArray("results"u8);
            foreach (var answer in answers)
            {
                if (answer.Reply is { } reply)
                {
                    ChargeWriter.Write(json, reply);
                }
                else
                {
                    ProblemWriter.Write(json, answer.Refusal!);
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });

    public static void WriteProblem(HttpContext context, Refusal refusal) =>
        WriteProblem(context, new Problem((int)Statuses.Http(refusal.Code), refusal));

    public static void WriteProblem(HttpContext context, Problem problem)
    {
        if ((problem.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable) && !problem.Refusal.IsLasting)
        {
            var seconds = Math.Ceiling((problem.Refusal.RetryAfter ?? DefaultRetryAfter).TotalSeconds);
            context.Response.Headers.RetryAfter = ((long)Math.Max(seconds, 1)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        Write(context, problem.Status, ProblemContentType, problem, static (json, it) => ProblemWriter.Write(json, it.Status, it.Refusal));
    }

    /// <summary>Leaves the reply in the response's own buffer; the server sends it, with the headers, when the request ends.</summary>
    public static void Write<T>(HttpContext context, int status, string contentType, T value, Action<Utf8JsonWriter, T> write)
    {
        var (buffer, writer) = _writer ?? Create();
        _writer = null;
        buffer.ResetWrittenCount();
        writer.Reset(buffer);
        write(writer, value);
        writer.Flush();

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = buffer.WrittenCount;
        response.BodyWriter.Write(buffer.WrittenSpan);
        if (buffer.Capacity <= MaxKeptBytes)
        {
            _writer = (buffer, writer);
        }
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Create()
    {
        var buffer = new ArrayBufferWriter<byte>();
        return (buffer, new Utf8JsonWriter(buffer, Options));
    }
}
