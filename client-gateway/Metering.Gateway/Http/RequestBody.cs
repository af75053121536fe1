using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Metering.Gateway.Json;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Metering.Gateway.Http;

/// <summary>Reads one value from a body the cursor stands on.</summary>
internal delegate T ReadJson<out T>(ref JsonCursor json);

/// <summary>Reads a body's bytes; a <see cref="JsonException"/> says that they are not JSON.</summary>
internal delegate Incoming<T> ReadBytes<in TState, T>(ReadOnlySpan<byte> body, TState state);

/// <summary>What a request held, or why that could not be taken.</summary>
internal readonly record struct Incoming<T>(T? Value, Problem? Problem);

/// <summary>Takes bodies whole, within the limit, and reads them.</summary>
internal sealed class RequestBody(IOptions<GatewayOptions> options)
{
    private readonly long _maxBytes = options.Value.MaxBodyBytes;

    /// <summary>A JSON body. Faults already found, of the address, are told with the body's own.</summary>
    public ValueTask<Incoming<T>> ReadJson<T>(HttpContext context, Faults faults, ReadJson<T> read) =>
        IsJson(context.Request.ContentType)
            ? Read(context, (faults, read), static (body, it) => ReadJson(body, it.faults, it.read))
            : new ValueTask<Incoming<T>>(new Incoming<T>(default, Problem.WrongContentType(JsonResponse.ContentType)));

    /// <summary>Any body: its bytes are there until <paramref name="read"/> returns.</summary>
    public async ValueTask<Incoming<T>> Read<TState, T>(HttpContext context, TState state, ReadBytes<TState, T> read)
    {
        var reader = context.Request.BodyReader;
        while (context.Request.ContentLength is null || context.Request.ContentLength <= _maxBytes)
        {
            var result = await reader.ReadAsync();
            if (result.IsCanceled || result.Buffer.Length > _maxBytes)
            {
                reader.AdvanceTo(result.Buffer.End);
                break;
            }

            if (result.IsCompleted)
            {
                return Take(reader, result.Buffer, state, read);
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }

        return new Incoming<T>(default, Problem.TooLarge(_maxBytes));
    }

    public static bool IsJson(string? contentType) =>
        string.Equals(contentType, JsonResponse.ContentType, StringComparison.Ordinal)
        || (MediaTypeHeaderValue.TryParse(contentType, out var parsed)
            && parsed.MediaType.Equals(JsonResponse.ContentType, StringComparison.OrdinalIgnoreCase)
            && IsUtf8(parsed));

    public static bool IsUtf8(MediaTypeHeaderValue contentType) =>
        !contentType.Charset.HasValue || HeaderUtilities.RemoveQuotes(contentType.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase);

    private static Incoming<T> Take<TState, T>(PipeReader reader, ReadOnlySequence<byte> body, TState state, ReadBytes<TState, T> read)
    {
        byte[]? rented = null;
        try
        {
            if (body.IsSingleSegment)
            {
                return read(body.FirstSpan, state);
            }

            rented = ArrayPool<byte>.Shared.Rent((int)body.Length);
            body.CopyTo(rented);
            return read(rented.AsSpan(0, (int)body.Length), state);
        }
        catch (JsonException exception)
        {
            return new Incoming<T>(default, Problem.NotJson(Detail(exception)));
        }
        finally
        {
            reader.AdvanceTo(body.End);
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static Incoming<T> ReadJson<T>(ReadOnlySpan<byte> body, Faults faults, ReadJson<T> read)
    {
        var json = new JsonCursor(body, faults);
        var value = read(ref json);
        json.End();
        return faults.Any
            ? new Incoming<T>(default, new Problem(StatusCodes.Status400BadRequest, faults.ToRefusal()))
            : new Incoming<T>(value, null);
    }

    private static string Detail(JsonException exception) =>
        exception.LineNumber is { } line
            ? $"The body is not JSON, or deeper than {JsonCursor.MaxDepth} levels: line {line + 1}, byte {exception.BytePositionInLine + 1}."
            : $"The body is not JSON, or deeper than {JsonCursor.MaxDepth} levels.";
}
