using Grpc.Core;
using Grpc.Core.Interceptors;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Grpc;

/// <summary>Around every call: counts it in, and turns what fails unforeseen into <c>unavailable</c> and a line in the log.</summary>
internal sealed class GuardInterceptor(Admission admission, ILogger<GuardInterceptor> logger) : Interceptor
{
    private static readonly Refusal Unforeseen = new()
    {
        Code = Code.Unavailable,
        Detail = "The call failed. It may or may not have been done: send it again with the same id.",
    };

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, () => continuation(request, context));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, async () =>
        {
            await continuation(requestStream, responseStream, context);
            return true;
        });

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        Guard(context, async () =>
        {
            await continuation(request, responseStream, context);
            return true;
        });

    private async Task<T> Guard<T>(ServerCallContext context, Func<Task<T>> call)
    {
        if (!admission.TryEnter())
        {
            throw Refusals.ToException(Admission.Overloaded);
        }

        try
        {
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
}
