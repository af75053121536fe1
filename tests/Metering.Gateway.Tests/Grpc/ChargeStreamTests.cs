using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Health;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Grpc;

public sealed class ChargeStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_batch_is_answered_once_under_its_correlation()
    {
        await using var gateway = await GatewayHost.Start();
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);

        for (var i = 0; i < 200; i++)
        {
            await stream.RequestStream.WriteAsync(Batch(i, $"a{i}", $"b{i}"), Cancellation);
        }

        await stream.RequestStream.CompleteAsync();
        var replies = new Dictionary<long, V1.ChargeBatchReply>();
        await foreach (var reply in stream.ResponseStream.ReadAllAsync(Cancellation))
        {
            replies.Add(reply.Correlation, reply);
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), replies.Keys.Order());
        Assert.All(replies, reply => Assert.Equal([$"a{reply.Key}", $"b{reply.Key}"], reply.Value.Results.Select(result => result.Reply.Id)));
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Who_opens_a_stream_is_told_that_it_has_arrived_before_anything_was_sent()
    {
        await using var gateway = await GatewayHost.Start();
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);

        await stream.ResponseHeadersAsync.WaitAsync(TimeSpan.FromMinutes(3), Cancellation);

        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_slow_batch_does_not_hold_up_the_others()
    {
        await using var gateway = await GatewayHost.Start();
        var held = new TaskCompletionSource<Answer<ChargeReply>>();
        gateway.Grains.Account("acme").OnCharge = charge => charge.Id == "slow" ? held.Task : Task.FromResult<Answer<ChargeReply>>(Samples.Charged(charge.Id));
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);

        await stream.RequestStream.WriteAsync(Batch(1, "slow"), Cancellation);
        await stream.RequestStream.WriteAsync(Batch(2, "quick"), Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(2, stream.ResponseStream.Current.Correlation);
        held.SetResult(Samples.Charged("slow"));
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(1, stream.ResponseStream.Current.Correlation);
    }

    [Fact]
    public async Task An_account_gets_its_charges_in_the_order_of_the_stream()
    {
        await using var gateway = await GatewayHost.Start();
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        var expected = new List<string>();

        // A small batch is read in a fraction of the time of the large one before it.
        for (var i = 0; i < 40; i++)
        {
            var ids = Enumerable.Range(0, i % 2 == 0 ? 2_000 : 1).Select(number => $"c{i}.{number}").ToArray();
            expected.AddRange(ids);
            await stream.RequestStream.WriteAsync(Batch(i, ids), Cancellation);
        }

        await stream.RequestStream.CompleteAsync();
        Assert.Equal(40, await stream.ResponseStream.ReadAllAsync(Cancellation).CountAsync(Cancellation));
        Assert.Equal(expected, gateway.Grains.Account("acme").Charges.Select(static charge => charge.Id));
    }

    [Fact]
    public async Task An_old_stream_is_asked_to_end_and_answers_what_was_sent_until_then()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxStreamAge = TimeSpan.FromMilliseconds(100));
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);

        await stream.RequestStream.WriteAsync(Batch(1, "x"), Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(1, stream.ResponseStream.Current.Correlation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.True(stream.ResponseStream.Current.Ending);
        await stream.RequestStream.WriteAsync(Batch(2, "y"), Cancellation);
        await stream.RequestStream.CompleteAsync();

        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal((2L, "y"), (stream.ResponseStream.Current.Correlation, stream.ResponseStream.Current.Results[0].Reply?.Id));
        Assert.False(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_host_that_stops_does_not_wait_for_the_client_of_an_old_stream()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxStreamAge = TimeSpan.FromMilliseconds(10));
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.True(stream.ResponseStream.Current.Ending);

        await gateway.Stop().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task Only_so_many_batches_of_a_stream_are_in_work_at_once()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBatchesInFlightPerStream = 2);
        var held = new TaskCompletionSource<Answer<ChargeReply>>();
        var second = new TaskCompletionSource();
        var reached = 0;
        gateway.Grains.Account("acme").OnCharge = _ =>
        {
            if (Interlocked.Increment(ref reached) == 2)
            {
                second.SetResult();
            }

            return held.Task;
        };
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        for (var i = 0; i < 10; i++)
        {
            await stream.RequestStream.WriteAsync(Batch(i, "x"), Cancellation);
        }

        await stream.RequestStream.CompleteAsync();
        await second.Task.WaitAsync(Cancellation);

        // A request that came after them all has been answered, so a third batch would have been taken by now if it were to be.
        await gateway.Client.ChargeAsync(GrpcTests.Charge("other"), cancellationToken: Cancellation);
        Assert.Equal(2, Volatile.Read(ref reached));
        held.SetResult(Samples.Charged("x"));
        Assert.Equal(10, await stream.ResponseStream.ReadAllAsync(Cancellation).CountAsync(Cancellation));
    }

    [Fact]
    public async Task A_batch_that_is_too_large_is_refused_and_the_stream_goes_on()
    {
        await using var gateway = await GatewayHost.Start();
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);

        await stream.RequestStream.WriteAsync(Batch(1, [.. Enumerable.Range(0, 10_001).Select(i => $"{i}")]), Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(("invalid_request", "charges"), (stream.ResponseStream.Current.Refusal.Code, stream.ResponseStream.Current.Refusal.Errors[0].Path));
        await stream.RequestStream.WriteAsync(Batch(2, "x"), Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal("x", stream.ResponseStream.Current.Results[0].Reply.Id);
    }

    [Fact]
    public async Task When_the_host_stops_what_was_read_is_answered_and_the_stream_ends_well()
    {
        await using var gateway = await GatewayHost.Start();
        var reached = new TaskCompletionSource();
        var held = new TaskCompletionSource<Answer<ChargeReply>>();
        gateway.Grains.Account("acme").OnCharge = _ =>
        {
            reached.SetResult();
            return held.Task;
        };
        var stopping = new TaskCompletionSource();
        using var registration = gateway.Services.GetRequiredService<Drain>().Stopping.Register(stopping.SetResult);
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        await stream.RequestStream.WriteAsync(Batch(7, "x"), Cancellation);
        await reached.Task.WaitAsync(Cancellation);

        var stopped = gateway.Stop();
        await stopping.Task.WaitAsync(Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.True(stream.ResponseStream.Current.Ending);
        await stream.RequestStream.CompleteAsync();
        held.SetResult(Samples.Charged("x"));

        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal((7L, "x"), (stream.ResponseStream.Current.Correlation, stream.ResponseStream.Current.Results[0].Reply?.Id));
        Assert.False(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
        await stopped;
    }

    [Fact]
    public async Task What_a_client_sent_before_it_heard_of_the_stop_is_answered_too()
    {
        await using var gateway = await GatewayHost.Start();
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        await stream.RequestStream.WriteAsync(Batch(1, "x"), Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));

        var stopped = gateway.Stop();
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.True(stream.ResponseStream.Current.Ending);
        await stream.RequestStream.WriteAsync(Batch(2, "y"), Cancellation);
        await stream.RequestStream.CompleteAsync();

        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal((2L, "y"), (stream.ResponseStream.Current.Correlation, stream.ResponseStream.Current.Results[0].Reply?.Id));
        Assert.False(await stream.ResponseStream.MoveNext(Cancellation));
        Assert.Equal(StatusCode.OK, stream.GetStatus().StatusCode);
        await stopped;
    }

    [Fact]
    public async Task A_client_that_does_not_listen_does_not_hold_up_the_stop()
    {
        await using var gateway = await GatewayHost.Start();
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        await stream.RequestStream.WriteAsync(Batch(1, "x"), Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));

        await gateway.Stop().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
    }

    [Fact]
    public async Task A_client_that_goes_away_leaves_the_gateway_well()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConcurrentRequests = 1);
        using (var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation))
        {
            await stream.RequestStream.WriteAsync(Batch(1, "x"), Cancellation);
            Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        }

        // The stream held the only place; it is free again once the gateway has seen the client go.
        while ((await gateway.Post("/v1/accounts/acme/charges", """{"id":"y","meter":"m","quantity":1}""")).Code == "overloaded")
        {
            Cancellation.ThrowIfCancellationRequested();
        }
    }

    private static V1.ChargeBatch Batch(long correlation, params string[] ids)
    {
        var batch = new V1.ChargeBatch { Correlation = correlation };
        batch.Charges.Add(ids.Select(id => GrpcTests.Charge("acme", id)));
        return batch;
    }
}
