using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Metering.Gateway.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Grpc;

/// <summary>
/// The methods of <c>metering.v1.Metering</c>: the generated ones, but for the two that carry batches of charges. Those have the same names and the same bytes,
/// read and written without the generated messages, whose making costs more than the charge.
/// </summary>
internal sealed class MeteringMethods(MeteringService service, ChargesInWork inWork) : IServiceMethodProvider<MeteringService>
{
    private readonly Method<BatchRequest, BatchReply> _chargeMany = new(
        MethodType.Unary,
        V1.Metering.Descriptor.FullName,
        nameof(MeteringService.ChargeMany),
        new Marshaller<BatchRequest>(static (_, _) => throw OnlyServed(), context => BatchRequest.ReadMany(context, inWork)),
        new Marshaller<BatchReply>(BatchReply.WriteMany, static _ => throw OnlyServed()));

    private readonly Method<BatchRequest, BatchReply> _chargeStream = new(
        MethodType.DuplexStreaming,
        V1.Metering.Descriptor.FullName,
        nameof(MeteringService.ChargeStream),
        new Marshaller<BatchRequest>(static (_, _) => throw OnlyServed(), context => BatchRequest.ReadBatch(context, inWork)),
        new Marshaller<BatchReply>(BatchReply.WriteBatch, static _ => throw OnlyServed()));

    // As the server gives it to methods that it finds by itself.
    private static readonly object[] Metadata = [new HttpMethodMetadata([HttpMethods.Post], acceptCorsPreflight: true)];

    /// <summary>In place of the generated binding, which the server would find by itself: it would serve the two methods a second time.</summary>
    public static void BindNone(ServiceBinderBase binder, MeteringService service)
    {
    }

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<MeteringService> context)
    {
        V1.Metering.BindService(new GeneratedMethods(context), service);
        context.AddUnaryMethod(_chargeMany, Metadata, static (service, request, call) => service.ChargeMany(request, call));
        context.AddDuplexStreamingMethod(_chargeStream, Metadata, static (service, requests, replies, call) => service.ChargeStream(requests, replies, call));
    }

    private static NotSupportedException OnlyServed() => new("Requests are only read here, and replies only written.");

    /// <summary>Takes every generated method but the two.</summary>
    private sealed class GeneratedMethods(ServiceMethodProviderContext<MeteringService> context) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            if (method.Name != nameof(MeteringService.ChargeMany))
            {
                context.AddUnaryMethod(method, Metadata, (_, request, call) => handler!(request, call));
            }
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
            if (method.Name != nameof(MeteringService.ChargeStream))
            {
                context.AddDuplexStreamingMethod(method, Metadata, (_, requests, replies, call) => handler!(requests, replies, call));
            }
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
            context.AddServerStreamingMethod(method, Metadata, (_, request, replies, call) => handler!(request, replies, call));

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
            context.AddClientStreamingMethod(method, Metadata, (_, requests, call) => handler!(requests, call));
    }
}
