using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Http;

/// <summary>Writes server-sent events (the text format of the HTML standard). An event is whole in one flush, or not there.</summary>
internal sealed class EventStream : IDisposable
{
    public const string ContentType = "text/event-stream";

    private readonly HttpResponse _response;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;

    public EventStream(HttpResponse response)
    {
        _response = response;
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache";

        // Proxies collect replies before they pass them on; some ask here whether they may.
        response.Headers["X-Accel-Buffering"] = "no";
    }

    /// <summary>An event; JSON has no line breaks of its own, so its data is one line.</summary>
    public void Add<T>(long id, string name, T value, Action<Utf8JsonWriter, T> write)
    {
        Write(string.Create(CultureInfo.InvariantCulture, $"id: {id}\n"));
        Add(name, value, write);
    }

    /// <summary>An event without an id: it is no place to go on from.</summary>
    public void Add<T>(string name, T value, Action<Utf8JsonWriter, T> write)
    {
        Write($"event: {name}\ndata: ");
        _json.Reset(_buffer);
        write(_json, value);
        _json.Flush();
        Write("\n\n");
    }

    /// <summary>A comment, which readers pass over.</summary>
    public void AddHeartbeat() => Write(":\n\n");

    public async Task Flush(CancellationToken cancellationToken)
    {
        await _response.BodyWriter.WriteAsync(_buffer.WrittenMemory, cancellationToken);
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _json.Dispose();

    private void Write(string text) => Encoding.UTF8.GetBytes(text, _buffer);
}
