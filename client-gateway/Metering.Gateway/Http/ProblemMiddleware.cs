using Metering.Contracts;
using Metering.Gateway.Grpc;
using Metering.Gateway.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Metering.Gateway.Http;

/// <summary>
/// Whatever happens to an HTTP request, its caller gets a reply or a problem: what routing and the server refuse is given a body here,
/// and what fails unforeseen is <c>unavailable</c> and in the log. gRPC has its own way (<see cref="Grpc.GuardInterceptor"/>).
/// </summary>
internal sealed class ProblemMiddleware(RequestDelegate next, Admission admission, ILogger<ProblemMiddleware> logger)
{
    private static readonly Refusal Unforeseen = new()
    {
        Code = Code.Unavailable,
        Detail = "The request failed. It may or may not have been done: send it again with the same id.",
    };

    public Task InvokeAsync(HttpContext context)
    {
        // Health must answer when nothing else does, and gRPC counts its calls itself.
        if (!context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal))
        {
            return context.IsGrpc() ? next(context) : Guard(context, isCounted: false);
        }

        if (admission.TryEnter())
        {
            return Guard(context, isCounted: true);
        }

        JsonResponse.WriteProblem(context, Admission.Overloaded);
        return Task.CompletedTask;
    }

    private async Task Guard(HttpContext context, bool isCounted)
    {
        try
        {
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentType: null })
            {
                JsonResponse.WriteProblem(context, Problem.Invalid(context.Response.StatusCode, Detail(context)));
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody hears.
        }
        catch (BodyRefusedException) when (!context.Response.HasStarted)
        {
            JsonResponse.WriteProblem(context, BodyBytes.Overloaded);
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            JsonResponse.WriteProblem(context, Problem.Invalid(exception.StatusCode, exception.Message));
        }
        catch (Exception exception)
        {
            logger.RequestFailed(exception);
            if (context.Response.HasStarted)
            {
                context.Abort();
                return;
            }

            context.Response.Clear();
            JsonResponse.WriteProblem(context, Unforeseen);
        }
        finally
        {
            if (isCounted)
            {
                admission.Leave();
            }
        }
    }

    private static string Detail(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => "There is nothing at this address.",
        StatusCodes.Status405MethodNotAllowed => $"{context.Request.Method} is not possible at this address.",
        _ => "The request is not valid.",
    };
}
