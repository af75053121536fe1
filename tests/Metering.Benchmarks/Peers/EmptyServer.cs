using System.Diagnostics;
using System.Net;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// The limit: a server that reads the same messages, does nothing, and answers with as many and as long ones, on the same
/// Kestrel, gRPC and generated classes. What a metering server adds to it is its own cost. It runs in a process of its own.
/// </summary>
internal static class EmptyServer
{
    public static async Task<int> ServeAsync(int httpPort, int grpcPort, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, httpPort, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, grpcPort, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.Http2.InitialStreamWindowSize = 4 * 1_024 * 1_024;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 8 * 1_024 * 1_024;
        });
        builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = 8 * 1_024 * 1_024);
        await using var app = builder.Build();
        app.MapGrpcService<EmptyMetering>();
        var reply = Encoding.UTF8.GetBytes("""{"id":"0123456789.001.000000000001","outcome":"charged","credits":"0.00006","balance":"999999.99994","available":"999999.99994","sequence":3,"replayed":false}""");
        app.MapPost("/v1/accounts/{account}/charges", async context =>
        {
            var body = context.Request.BodyReader;
            var read = await body.ReadAsync();
            for (; !read.IsCompleted; read = await body.ReadAsync())
            {
                body.AdvanceTo(read.Buffer.End);
            }

            body.AdvanceTo(read.Buffer.End);

            context.Response.ContentType = "application/json";
            context.Response.ContentLength = reply.Length;
            await context.Response.Body.WriteAsync(reply);
        });
        await HostingAbstractionsHostExtensions.RunAsync(app, cancellationToken);
        return 0;
    }

    /// <summary>Starts it beside this process.</summary>
    public static Process Start(int httpPort, int grpcPort) => Process.Start(new ProcessStartInfo("dotnet")
    {
        ArgumentList = { typeof(EmptyServer).Assembly.Location, "empty-server", "--http-port", $"{httpPort}", "--grpc-port", $"{grpcPort}" },
    }) ?? throw new InvalidOperationException("The empty server did not start.");
}

internal sealed class EmptyMetering : V1.Metering.MeteringBase
{
    public override Task<V1.ChargeManyReply> ChargeMany(V1.ChargeManyRequest request, ServerCallContext context)
    {
        var reply = new V1.ChargeManyReply();
        foreach (var charge in request.Charges)
        {
            reply.Results.Add(Result(charge));
        }

        return Task.FromResult(reply);
    }

    public override async Task ChargeStream(
        IAsyncStreamReader<V1.ChargeBatch> requestStream, IServerStreamWriter<V1.ChargeBatchReply> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var reply = new V1.ChargeBatchReply { Correlation = requestStream.Current.Correlation };
            foreach (var charge in requestStream.Current.Charges)
            {
                reply.Results.Add(Result(charge));
            }

            await responseStream.WriteAsync(reply);
        }
    }

    private static V1.ChargeResult Result(V1.ChargeRequest charge) => new()
    {
        Reply = new V1.ChargeReply
        {
            Id = charge.Id,
            Credits = new V1.Decimal { Nanos = 60_000 },
            Balance = new V1.Decimal { Units = 999_999_999, Nanos = 999_940_000 },
            Available = new V1.Decimal { Units = 999_999_999, Nanos = 999_940_000 },
            Sequence = 12_345,
        },
    };
}
