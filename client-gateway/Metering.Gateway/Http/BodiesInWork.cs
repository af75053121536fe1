using Metering.Contracts;
using Metering.Gateway.Routing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Http;

/// <summary>
/// Bounds the bytes of bodies and messages that have come and are not read yet, over both edges: each may be as large as <see cref="GatewayOptions.MaxBodyBytes"/>, and all together
/// not as large as the memory of the machine. It stands before everything that asks who calls, so strangers are bound too.
/// </summary>
/// <remarks>
/// What a body has within its first <see cref="BoundedBody.Free"/> bytes is not counted, so an ordinary request costs nothing here and gets through however many large ones are
/// on their way.
/// </remarks>
internal sealed class BodiesInWork(RequestDelegate next, BodyBytes bytes)
{
    public Task InvokeAsync(HttpContext context)
    {
        var canHaveBody = context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;
        return canHaveBody && context.Request.ContentLength is null or > BoundedBody.Free ? Bound(context) : next(context);
    }

    private async Task Bound(HttpContext context)
    {
        var feature = context.Features.Get<IRequestBodyPipeFeature>();
        if (feature is null)
        {
            await next(context);
            return;
        }

        using var body = new BoundedBody(context, feature, bytes);
        context.Features.Set<IRequestBodyPipeFeature>(body);
        await next(context);
    }
}

/// <summary>How many bytes are counted now.</summary>
internal sealed class BodyBytes(IOptions<GatewayOptions> options)
{
    private readonly long _max = options.Value.MaxBodyBytesInWork;
    private long _held;

    /// <summary>Why a body is not taken.</summary>
    public static Refusal Overloaded { get; } = new()
    {
        Code = Code.Overloaded,
        Detail = "The gateway has as many bytes of large bodies in work as it takes.",
        RetryAfter = Admission.RetryAfter,
    };

    /// <summary>Bytes of large bodies that wait to be read.</summary>
    public long Held => Volatile.Read(ref _held);

    /// <summary>False when there is no room for so many more; a body that finds no other is always taken.</summary>
    public bool TryTake(long bytes, long mine)
    {
        var held = Interlocked.Add(ref _held, bytes);
        if (held <= _max || held == bytes + mine)
        {
            return true;
        }

        GiveBack(bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _held, -bytes);
}
