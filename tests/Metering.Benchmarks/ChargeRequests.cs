using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Metering.Benchmarks;

/// <summary>The charges of one connection: the same bytes each time but for the digits of the id.</summary>
internal sealed class ChargeRequests
{
    private const int IdDigits = 10;
    private readonly byte[] _request;
    private readonly int _idAt;
    private long _sent;

    public ChargeRequests(int connection, string account, Uri target)
    {
        var prefix = $"c{connection.ToString(CultureInfo.InvariantCulture)}-";
        var body = $$"""{"id":"{{prefix}}{{new string('0', IdDigits)}}","meter":"llm.tokens","quantity":"1"}""";
        var head = $"POST /v1/accounts/{account}/charges HTTP/1.1\r\nHost: {target.Authority}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        _request = Encoding.ASCII.GetBytes(head + body);
        _idAt = head.Length + body.IndexOf(prefix, StringComparison.Ordinal) + prefix.Length;
    }

    public long Sent => _sent;

    public ReadOnlyMemory<byte> Next()
    {
        _sent++;
        Utf8Formatter.TryFormat(_sent, _request.AsSpan(_idAt, IdDigits), out _, new System.Buffers.StandardFormat('D', IdDigits));
        return _request;
    }
}
