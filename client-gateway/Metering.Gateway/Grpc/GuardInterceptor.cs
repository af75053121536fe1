using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Grpc;

/// <summary>Around every call: counts it in, asks who calls, and turns what fails unforeseen into <c>unavailable</c> and a line in the log.</summary>
internal sealed class GuardInterceptor(Admission admission, Gatekeeper gatekeeper, ILogger<GuardInterceptor> logger) : Interceptor
{
    private static readonly Refusal Unforeseen = new()
    {
        Code = Code.Unavailable,
        Detail = "The call failed. It may or may not have been done: send it again with the same id.",
    };

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, request, () => continuation(request, context));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, request: null, async () =>
        {
            await continuation(requestStream, responseStream, context);
            return true;
        });

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, request, async () =>
        {
            await continuation(request, responseStream, context);
            return true;
        });

    private async Task<T> Guard<T>(ServerCallContext context, object? request, Func<Task<T>> call)
    {
        if (!admission.TryEnter())
        {
            throw Refusals.ToException(Admission.Overloaded);
        }

        try
        {
            await Admit(context.GetHttpContext(), request);
            return await call();
        }
        catch (Exception exception) when (exception is not RpcException && !context.CancellationToken.IsCancellationRequested)
        {
            logger.RequestFailed(exception);
            throw Refusals.ToException(Unforeseen);
        }
        finally
        {
            admission.Leave();
        }
    }

    /// <summary>By the rule of the method, as over HTTP.</summary>
    private async Task Admit(HttpContext context, object? request)
    {
        var metadata = context.GetEndpoint()!.Metadata;
        var rule = metadata.GetRequiredMetadata<AccessRule>();
        var answer = await gatekeeper.Admit(context, rule);
        var caller = answer.Reply ?? throw Refusals.ToException(answer.Refusal!);
        if (rule.Scope == AccessScope.Account && !caller.MayReach(metadata.GetRequiredMetadata<AccountField>().Read((IMessage)request!)))
        {
            throw Refusals.ToException(Caller.Forbidden);
        }
    }
}
