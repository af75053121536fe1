using System.Text;

namespace Metering.LoadTest.Run;

/// <summary>One request at a time, with one charge, many, or a batch of events.</summary>
internal sealed class HttpSender : Sender
{
    private const int LengthDigits = 8;
    private readonly HttpConnection _connection;
    private readonly ChargeText _text;
    private readonly ByteBuffer _request = new();
    private readonly byte[] _path;
    private readonly byte[] _afterAccount;
    private readonly byte[] _headers;

    public HttpSender(HttpConnection connection, Uri target, ChargeText text, string? key, SenderContext context)
        : base(context)
    {
        _connection = connection;
        _text = text;
        (var path, var contentType) = context.Kind switch
        {
            CallKind.Http => ("/v1/accounts/", "application/json"),
            CallKind.HttpBatch => ("/v1/charges", "application/json"),
            CallKind.Events => ("/v1/events", "application/cloudevents-batch+json"),
            CallKind.Unary or CallKind.Batch or CallKind.Stream => throw new ArgumentException($"{context.Kind} is not spoken over HTTP/1.1.", nameof(context)),
        };
        _path = Encoding.ASCII.GetBytes($"POST {path}");
        _afterAccount = Encoding.ASCII.GetBytes(context.Kind == CallKind.Http ? "/charges" : "");
        var authorization = key is null ? "" : $"Authorization: Bearer {key}\r\n";
        _headers = Encoding.ASCII.GetBytes($" HTTP/1.1\r\nHost: {target.Authority}\r\n{authorization}Content-Type: {contentType}\r\nContent-Length: ");
    }

    public override async Task RunAsync()
    {
        var draw = Context.Source.NewDraw();
        var call = new ChargeCall(Context.ChargesPerCall, number: 0);
        for (var dueAt = await Context.Pacer.WaitAsync(); dueAt != Pacer.Over; dueAt = await Context.Pacer.WaitAsync())
        {
            call.Fill(draw, dueAt);
            do
            {
                await SendAsync(call);
            }
            while (!Settle(call) && await PauseAsync(call));
            await YieldAsync(call);
        }
    }

    private async Task SendAsync(ChargeCall call)
    {
        Compose(call);
        call.Send();
        try
        {
            using var timeout = new CancellationTokenSource(AnswerTimeout);
            var (status, body) = await _connection.SendAsync(_request.WrittenMemory, timeout.Token);
            if (status == 200 || Context.Kind == CallKind.Http)
            {
                Context.Format.Read(body.Span, call.Outcomes);
            }
            else
            {
                call.EndAll(JsonCharges.ReadProblem(body.Span));
            }
        }
        catch (IOException)
        {
            call.EndAll(Outcome.Unknown);
        }
    }

    private void Compose(ChargeCall call)
    {
        Context.Format.Write(call);
        _request.Clear();
        _request.Write(_path);
        if (Context.Kind == CallKind.Http)
        {
            _text.WriteAccount(_request, call.Charges[0].Account);
        }

        _request.Write(_afterAccount);
        _request.Write(_headers);
        _request.WriteDigits(call.Payload.Length, LengthDigits);
        _request.Write("\r\n\r\n"u8);
        _request.Write(call.Payload.Written);
    }
}
