using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
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

    /// <summary>Who may call what. A method that is not here is not served: the start fails.</summary>
    private static readonly Dictionary<string, AccessRule> Rules = new()
    {
        [nameof(MeteringService.Charge)] = AccessRule.ChargesAccount,
        [nameof(MeteringService.ChargeMany)] = AccessRule.ChargesEachAccount,
        [nameof(MeteringService.ChargeStream)] = AccessRule.ChargesEachAccount,
        [nameof(MeteringService.Quote)] = AccessRule.ChargesAccount,
        [nameof(MeteringService.GetCharge)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.ReverseCharge)] = AccessRule.ChargesAccount,
        [nameof(MeteringService.PlaceHold)] = AccessRule.ChargesAccount,
        [nameof(MeteringService.SettleHold)] = AccessRule.ChargesAccount,
        [nameof(MeteringService.ReleaseHold)] = AccessRule.ChargesAccount,
        [nameof(MeteringService.PutAccount)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.GetAccount)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.ListAccounts)] = AccessRule.ReadsEachAccount,
        [nameof(MeteringService.CloseAccount)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.WatchAccount)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.AddGrant)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.VoidGrant)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.ListGrants)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.PutBudget)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.DeleteBudget)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.PutPolicy)] = AccessRule.OperatesAccount,
        [nameof(MeteringService.PublishRateCard)] = AccessRule.OperatesInstallation,
        [nameof(MeteringService.GetRateCard)] = AccessRule.ReadsInstallation,
        [nameof(MeteringService.SimulateRateCard)] = AccessRule.OperatesInstallation,
        [nameof(MeteringService.ReadUsage)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.ReadUsageAcrossAccounts)] = AccessRule.ReadsInstallation,
        [nameof(MeteringService.ReadLedger)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.StreamLedger)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.VerifyLedger)] = AccessRule.ReadsAccount,
        [nameof(MeteringService.ReadStatement)] = AccessRule.ReadsAccount,
    };

    /// <summary>In place of the generated binding, which the server would find by itself: it would serve the two methods a second time.</summary>
    public static void BindNone(ServiceBinderBase binder, MeteringService service)
    {
    }

    public void OnServiceMethodDiscovery(ServiceMethodProviderContext<MeteringService> context)
    {
        V1.Metering.BindService(new GeneratedMethods(context), service);
        context.AddUnaryMethod(_chargeMany, MetadataOf(_chargeMany.Name), static (service, request, call) => service.ChargeMany(request, call));
        context.AddDuplexStreamingMethod(_chargeStream, MetadataOf(_chargeStream.Name), static (service, requests, replies, call) => service.ChargeStream(requests, replies, call));
    }

    /// <summary>As the server gives it to methods that it finds by itself, and who may call this one.</summary>
    private static object[] MetadataOf(string method)
    {
        var all = new List<object> { new HttpMethodMetadata([HttpMethods.Post], acceptCorsPreflight: true) };
        if (Rules.TryGetValue(method, out var rule))
        {
            all.Add(rule);
        }

        if (AccountField.Of(V1.Metering.Descriptor.FindMethodByName(method).InputType) is { } account)
        {
            all.Add(account);
        }

        return [.. all];
    }

    private static NotSupportedException OnlyServed() => new("Requests are only read here, and replies only written.");

    /// <summary>Takes every generated method but the two.</summary>
    private sealed class GeneratedMethods(ServiceMethodProviderContext<MeteringService> context) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            if (method.Name != nameof(MeteringService.ChargeMany))
            {
                context.AddUnaryMethod(method, MetadataOf(method.Name), (_, request, call) => handler!(request, call));
            }
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
            if (method.Name != nameof(MeteringService.ChargeStream))
            {
                context.AddDuplexStreamingMethod(method, MetadataOf(method.Name), (_, requests, replies, call) => handler!(requests, replies, call));
            }
        }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
            context.AddServerStreamingMethod(method, MetadataOf(method.Name), (_, request, replies, call) => handler!(request, replies, call));

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
            context.AddClientStreamingMethod(method, MetadataOf(method.Name), (_, requests, call) => handler!(requests, call));
    }
}
