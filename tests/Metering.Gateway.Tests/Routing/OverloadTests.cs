using System.Net;
using Google.Rpc;
using Grpc.Core;
using Metering.Gateway.Tests.Grpc;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Routing;

/// <summary>Law 11 at the edge: beyond its bounds callers hear overloaded at once with the time to wait, nothing of theirs was done, and what was taken is answered.</summary>
public sealed class OverloadTests
{
    private const string Quantity = "\"meter\":\"m\",\"quantity\":1";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    // Answers wait for this, so that what was taken stays in work for as long as a test wants.
    private readonly TaskCompletionSource _answering = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batches_beyond_the_places_are_refused_at_once_by_every_door_and_what_was_taken_is_answered()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConcurrentCharges = 8);
        string[] accounts = [.. Enumerable.Range(0, 8).Select(i => $"a{i}")];
        Hold(gateway, [.. accounts, "late"]);
        using var stream = gateway.Client.ChargeStream(cancellationToken: Cancellation);
        await stream.RequestStream.WriteAsync(Batch(1, accounts[..4]), Cancellation);
        await stream.RequestStream.WriteAsync(Batch(2, accounts[4..]), Cancellation);
        await ArrivedAsync(gateway, accounts);

        // The stream has the places, and is itself told that there is no more.
        await stream.RequestStream.WriteAsync(Batch(3, "late"), Cancellation);
        var streamed = await NextAsync(stream);
        Assert.Equal((3L, "overloaded", true), (streamed.Correlation, streamed.Refusal.Code, streamed.Refusal.Retryable));
        Assert.True(streamed.Refusal.RetryAfter.Seconds > 0);
        var many = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.ChargeManyAsync(Many("late"), cancellationToken: Cancellation));
        Assert.Equal(StatusCode.ResourceExhausted, many.StatusCode);
        Assert.True(many.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.Seconds > 0);
        var batch = await gateway.Post("/v1/charges", $$"""{"charges":[{"account":"late","id":"x",{{Quantity}}}]}""");
        Assert.NotNull(batch.IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);
        var events = await gateway.Post(
            "/v1/events", """[{"specversion":"1.0","id":"x","source":"s","type":"m","subject":"late"}]""", "application/cloudevents-batch+json");
        Assert.NotNull(events.IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);

        _answering.SetResult();
        V1.ChargeBatchReply[] taken = [await NextAsync(stream), await NextAsync(stream)];
        Assert.Equal([1L, 2L], taken.Select(reply => reply.Correlation).Order());
        Assert.All(taken, reply => Assert.All(reply.Results, result => Assert.NotNull(result.Reply)));
        Assert.Empty(gateway.Grains.Account("late").Charges);

        // As soon as there is room again.
        Assert.Equal("late", (await gateway.Client.ChargeManyAsync(Many("late"), cancellationToken: Cancellation)).Results[0].Reply.Id);
        Assert.All(accounts, account => Assert.Single(gateway.Grains.Account(account).Charges));
    }

    [Fact]
    public async Task One_account_has_half_of_the_places_for_charges_and_the_others_are_served()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConcurrentCharges = 16);
        Hold(gateway, "noisy");
        var first = gateway.Client.ChargeManyAsync(Many([.. Enumerable.Repeat("noisy", 4)]), cancellationToken: Cancellation).ResponseAsync;
        await ArrivedAsync(gateway, "noisy", batches: 1);

        // Four places are nobody's in particular, and four more are its share.
        var second = gateway.Client.ChargeManyAsync(Many("noisy", "noisy", "noisy", "noisy", "noisy", "noisy"), cancellationToken: Cancellation).ResponseAsync;
        await ArrivedAsync(gateway, "noisy", batches: 2);
        var quiet = await gateway.Client.ChargeManyAsync(Many("quiet", "quiet"), cancellationToken: Cancellation);
        Assert.All(quiet.Results, result => Assert.NotNull(result.Reply));

        _answering.SetResult();
        Assert.All((await first).Results, result => Assert.NotNull(result.Reply));
        var results = (await second).Results;
        Assert.Equal(4, results.Count(result => result.Reply is not null));
        Assert.All(results.Where(result => result.Reply is null), result => Assert.Equal(("overloaded", "noisy"), (result.Refusal.Code, result.Refusal.Account)));
        Assert.Equal(8, gateway.Grains.Account("noisy").Charges.Count);
        Assert.All((await gateway.Client.ChargeManyAsync(Many("noisy", "noisy"), cancellationToken: Cancellation)).Results, result => Assert.NotNull(result.Reply));
    }

    [Fact]
    public async Task One_account_has_three_eighths_of_the_requests_in_work_and_the_others_are_served()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConcurrentRequests = 16);
        Hold(gateway, "noisy");
        var taken = new List<Task<Reply>>();
        while (taken.Count < 6)
        {
            // One after the other: two of them are not counted, because there are so few.
            taken.Add(gateway.Post("/v1/accounts/noisy/charges", $$"""{"id":"c{{taken.Count}}",{{Quantity}}}"""));
            await UntilAsync(() => gateway.Grains.Account("noisy").Charges.Count == taken.Count);
        }

        var refused = await gateway.Post("/v1/accounts/noisy/charges", $$"""{"id":"over",{{Quantity}}}""");
        Assert.NotNull(refused.IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);
        var refusedRead = await gateway.Get("/v1/accounts/noisy");
        refusedRead.IsProblem(HttpStatusCode.TooManyRequests, "overloaded");
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/quiet/charges", $$"""{"id":"c",{{Quantity}}}""")).Status);

        _answering.SetResult();
        Assert.All(await Task.WhenAll(taken), reply => Assert.Equal(HttpStatusCode.OK, reply.Status));
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/accounts/noisy/charges", $$"""{"id":"over",{{Quantity}}}""")).Status);
        Assert.Equal(["c0", "c1", "c2", "c3", "c4", "c5", "over"], gateway.Grains.Account("noisy").Charges.Select(charge => charge.Id).Order());
    }

    [Fact]
    public async Task A_batch_larger_than_all_places_is_taken_when_nothing_else_is_in_work()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxConcurrentCharges = 2);

        var reply = await gateway.Client.ChargeManyAsync(Many("a", "a", "a", "a"), cancellationToken: Cancellation);
        Assert.All(reply.Results, result => Assert.NotNull(result.Reply));
    }

    private void Hold(GatewayHost gateway, params string[] accounts)
    {
        foreach (var account in accounts)
        {
            gateway.Grains.Account(account).OnCharge = async charge =>
            {
                await _answering.Task;
                return Samples.Charged(charge.Id);
            };
        }
    }

    private static Task ArrivedAsync(GatewayHost gateway, params string[] accounts) =>
        Task.WhenAll(accounts.Select(account => ArrivedAsync(gateway, account, batches: 1)));

    private static Task ArrivedAsync(GatewayHost gateway, string account, int batches) => UntilAsync(() => gateway.Grains.Account(account).Batches.Count >= batches);

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bound.CancelAfter(Bound);
        while (!isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), bound.Token);
        }
    }

    private static async Task<V1.ChargeBatchReply> NextAsync(AsyncDuplexStreamingCall<V1.ChargeBatch, V1.ChargeBatchReply> stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        return stream.ResponseStream.Current;
    }

    private static V1.ChargeBatch Batch(long correlation, params string[] accounts)
    {
        var batch = new V1.ChargeBatch { Correlation = correlation };
        batch.Charges.Add(accounts.Select(static account => GrpcTests.Charge(account, account)));
        return batch;
    }

    private static V1.ChargeManyRequest Many(params string[] accounts)
    {
        var many = new V1.ChargeManyRequest();
        many.Charges.Add(accounts.Select(static account => GrpcTests.Charge(account, account)));
        return many;
    }
}
