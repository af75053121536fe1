using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;
using Metering.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Gateway.Tests.Clients;

/// <summary>
/// What is written to a stream that no gateway has yet can be lost without a word: the runtime opens the stream anew, on another connection, when the first one closes, and not with what was written.
/// </summary>
public sealed class StreamArrivalTests : IAsyncDisposable
{
    /// <summary>Long enough for a batch that is written at once to come; one that is not never does.</summary>
    private static readonly TimeSpan AMoment = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _server;

    public StreamArrivalTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_written_to_a_stream_before_the_gateway_says_that_it_has_it()
    {
        // A clock that stands: the client never has waited long enough.
        await using var client = await ClientAsync(new FakeTimeProvider());
        var charge = client.ChargeAsync("acme", Charge.Of("one", "llm.tokens", 1), Cancellation);
        await _opened.Task.WaitAsync(Patience, Cancellation);

        await Task.WhenAny(_written.Task, Task.Delay(AMoment, Cancellation));
        Assert.False(_written.Task.IsCompleted, "The first batch should wait until the stream has arrived.");
        _told.SetResult();

        Assert.Equal("one", (await charge.WaitAsync(Patience, Cancellation)).Reply!.Id);
    }

    [Fact]
    public async Task A_gateway_that_says_nothing_before_its_first_answer_is_written_to_after_a_second()
    {
        var time = new FakeTimeProvider();
        await using var client = await ClientAsync(time);
        var charge = client.ChargeAsync("acme", Charge.Of("one", "llm.tokens", 1), Cancellation);
        await _opened.Task.WaitAsync(Patience, Cancellation);

        // It may not have begun to wait when the clock goes on the first time.
        while (!_written.Task.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(_written.Task, Task.Delay(AMoment, Cancellation));
        }

        _told.SetResult();
        Assert.Equal("one", (await charge.WaitAsync(Patience, Cancellation)).Reply!.Id);
    }

    public async ValueTask DisposeAsync()
    {
        _told.TrySetResult();
        await _server.DisposeAsync();
    }

    private async Task<MeteringClient> ClientAsync(TimeProvider time)
    {
        await _server.StartAsync(Cancellation);
        return new MeteringClient(new Uri(_server.Urls.Single()), new MeteringClientOptions { Time = time, Deadline = TimeSpan.FromHours(1), AttemptTimeout = TimeSpan.FromMinutes(5) });
    }

    /// <summary>A gateway that has one batch with one charge, and says nothing until it is told to.</summary>
    private async Task AnswerAsync(HttpContext context)
    {
        _opened.TrySetResult();
        var reading = context.Request.BodyReader.ReadAsync(Cancellation).AsTask();
        _ = reading.ContinueWith(_ => _written.TrySetResult(), TaskScheduler.Default);
        await _told.Task.WaitAsync(Cancellation);
        context.Response.ContentType = "application/grpc";
        await context.Response.BodyWriter.FlushAsync(Cancellation);
        context.Request.BodyReader.AdvanceTo((await reading).Buffer.End);
        var reply = new V1.ChargeBatchReply { Correlation = 1, Results = { new V1.ChargeResult { Reply = new V1.ChargeReply { Id = "one" } } } }.ToByteArray();
        var prefix = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(1), reply.Length);
        context.Response.BodyWriter.Write(prefix);
        context.Response.BodyWriter.Write(reply);
        await context.Response.BodyWriter.FlushAsync(Cancellation);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
