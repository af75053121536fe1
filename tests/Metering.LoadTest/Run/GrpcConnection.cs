using System.Buffers;
using Grpc.Core;
using Grpc.Net.Client;

namespace Metering.LoadTest.Run;

/// <summary>One HTTP/2 connection whose messages are bytes that are already there.</summary>
internal sealed class GrpcConnection : IDisposable
{
    private const string Service = "metering.v1.Metering";

    // A batch's answer is larger than the 64 KiB that HTTP/2 lets through without asking.
    private const int WindowBytes = 4 * 1024 * 1024;
    private const int MaxMessageBytes = 64 * 1024 * 1024;

    private static readonly Marshaller<ByteBuffer> Bytes = Marshallers.Create(
        static (ByteBuffer message, SerializationContext context) =>
        {
            context.SetPayloadLength(message.Length);
            context.GetBufferWriter().Write(message.Written);
            context.Complete();
        },
        static (DeserializationContext context) =>
        {
            var message = new ByteBuffer(context.PayloadLength);
            message.Write(context.PayloadAsReadOnlySequence());
            return message;
        });

    private static readonly Method<ByteBuffer, ByteBuffer> Charge = new(MethodType.Unary, Service, "Charge", Bytes, Bytes);
    private static readonly Method<ByteBuffer, ByteBuffer> ChargeMany = new(MethodType.Unary, Service, "ChargeMany", Bytes, Bytes);
    private static readonly Method<ByteBuffer, ByteBuffer> ChargeStream = new(MethodType.DuplexStreaming, Service, "ChargeStream", Bytes, Bytes);

    private readonly GrpcChannel _channel;
    private readonly CallInvoker _invoker;
    private readonly Metadata? _headers;

    public GrpcConnection(Uri target, string? key)
    {
        _channel = GrpcChannel.ForAddress(target, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = WindowBytes, UseProxy = false },
            DisposeHttpClient = true,
            MaxReceiveMessageSize = MaxMessageBytes,
        });
        _invoker = _channel.CreateCallInvoker();
        _headers = key is null ? null : new Metadata { { "authorization", $"Bearer {key}" } };
    }

    /// <summary>The code of a refused call, from its trailers.</summary>
    public static string CodeOf(RpcException refused) => refused.Trailers.GetValue("metering-code") ?? refused.StatusCode switch
    {
        StatusCode.ResourceExhausted => "overloaded",
        StatusCode.Unauthenticated => "unauthenticated",
        StatusCode.PermissionDenied => "forbidden",
        StatusCode.InvalidArgument => "invalid_request",

        // Everything else says nothing about what became of the charges.
        _ => "unavailable",
    };

    public AsyncUnaryCall<ByteBuffer> Call(CallKind kind, ByteBuffer message, DateTime deadline) =>
        _invoker.AsyncUnaryCall(kind == CallKind.Unary ? Charge : ChargeMany, null, new CallOptions(_headers, deadline), message);

    public AsyncDuplexStreamingCall<ByteBuffer, ByteBuffer> OpenStream(CancellationToken cancellationToken) =>
        _invoker.AsyncDuplexStreamingCall(ChargeStream, null, new CallOptions(_headers, cancellationToken: cancellationToken));

    public void Dispose() => _channel.Dispose();
}
