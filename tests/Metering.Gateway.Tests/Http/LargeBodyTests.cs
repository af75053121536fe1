using System.Net;
using System.Text;
using Grpc.Core;
using Metering.Gateway.Http;
using Metering.Gateway.Tests.Grpc;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Http;

/// <summary>However many large bodies come at once, the gateway holds a bounded number of bytes.</summary>
public sealed class LargeBodyTests
{
    private const int Bound = 1_024 * 1_024;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Beyond_the_bound_large_bodies_are_overloaded_small_ones_served_and_the_first_is_taken()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytesInWork = Bound);
        var bytes = gateway.Services.GetRequiredService<BodyBytes>();
        using var slow = new SlowContent(Batch("slow", Bound - 10_000));
        var first = gateway.Http.PostAsync(new Uri("/v1/charges", UriKind.Relative), slow, Cancellation);
        await UntilAsync(() => bytes.Held > Bound / 2);

        var refused = await gateway.Post("/v1/charges", Batch("large", Bound - 10_000));
        Assert.NotNull(refused.IsProblem(HttpStatusCode.TooManyRequests, "overloaded").Headers.RetryAfter);
        var refusedCall = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Client.ChargeManyAsync(Many("large", Bound - 10_000), cancellationToken: Cancellation));
        Assert.Equal((StatusCode.ResourceExhausted, "overloaded"), (refusedCall.StatusCode, refusedCall.Trailers.GetValue("metering-code")));
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/charges", Batch("small", 50_000))).Status);
        Assert.Empty(gateway.Grains.Account("large").Batches);

        slow.GoOn();
        using var reply = await first;
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        await UntilAsync(() => bytes.Held == 0);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/charges", Batch("large", Bound - 10_000))).Status);
        Assert.NotEmpty((await gateway.Client.ChargeManyAsync(Many("large", Bound - 10_000), cancellationToken: Cancellation)).Results);
        await UntilAsync(() => bytes.Held == 0);
    }

    [Fact]
    public async Task A_body_larger_than_the_bound_is_taken_when_there_is_no_other()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytesInWork = Bound);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Post("/v1/charges", Batch("large", 2 * Bound))).Status);
    }

    [Fact]
    public async Task Whoever_goes_away_in_mid_body_gives_back_what_he_had()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytesInWork = Bound);
        var bytes = gateway.Services.GetRequiredService<BodyBytes>();
        using (var slow = new SlowContent(Batch("slow", Bound - 10_000)))
        using (var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            var first = gateway.Http.PostAsync(new Uri("/v1/charges", UriKind.Relative), slow, leaving.Token);
            await UntilAsync(() => bytes.Held > Bound / 2);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }

        await UntilAsync(() => bytes.Held == 0);
    }

    /// <summary>A batch of one charge whose dimensions make it about so long.</summary>
    private static string Batch(string account, int bytes) =>
        $$"""{"charges":[{"account":"{{account}}","id":"c","meter":"llm.tokens","quantity":"1"}{{new string(' ', bytes)}}]}""";

    private static V1.ChargeManyRequest Many(string account, int bytes)
    {
        var request = new V1.ChargeManyRequest();
        for (var i = 0; request.CalculateSize() < bytes; i++)
        {
            request.Charges.Add(Enumerable.Range(0, 100).Select(each => GrpcTests.Charge(account, $"{i}-{each}-{new string('x', 100)}")));
        }

        return request;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), Cancellation);
        }
    }

    /// <summary>JSON that comes but for its last byte, which comes when it may.</summary>
    private sealed class SlowContent : HttpContent
    {
        private readonly byte[] _bytes;
        private readonly TaskCompletionSource _goesOn = new();

        public SlowContent(string json)
        {
            _bytes = Encoding.UTF8.GetBytes(json);
            Headers.ContentType = new("application/json");
        }

        public void GoOn() => _goesOn.TrySetResult();

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(_bytes.AsMemory(0, _bytes.Length - 1), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            await _goesOn.Task.WaitAsync(cancellationToken);
            await stream.WriteAsync(_bytes.AsMemory(_bytes.Length - 1), cancellationToken);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return true;
        }
    }
}
