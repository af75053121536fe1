using Metering.Client;
using Metering.Gateway.Tests.Hosting;
using Contract = Metering.Contracts;

namespace Metering.Gateway.Tests.Clients;

/// <summary>How single charges travel: in batches without waiting for company, over a stream that may break.</summary>
public sealed class ChargeBatchingTests
{
    private static readonly MeteringClientOptions OneAtATime = new()
    {
        MaxBatchesInFlight = 1,
        FirstDelay = TimeSpan.FromMilliseconds(1),
        MaxDelay = TimeSpan.FromMilliseconds(50),
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_arrives_while_a_batch_is_on_its_way_is_the_next_batch()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var gate = new Gate(account);
        await using var client = new MeteringClient(gateway.GrpcAddress, OneAtATime);

        var first = Send(client, "first");
        await gate.Reached.Task.WaitAsync(Cancellation);
        var rest = Enumerable.Range(0, 2_500).Select(i => Send(client, $"{i}")).ToArray();
        gate.Open();
        var answers = await Task.WhenAll([first, .. rest]);

        Assert.Equal(["first", .. Enumerable.Range(0, 2_500).Select(i => $"{i}")], answers.Select(answer => answer.Reply!.Id));
        Assert.Equal([1, 1_000, 1_000, 500], account.Batches);
    }

    [Fact]
    public async Task A_batch_is_bounded_by_its_bytes()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var gate = new Gate(account);
        await using var client = new MeteringClient(gateway.GrpcAddress, new MeteringClientOptions { MaxBatchesInFlight = 1, MaxBatchBytes = 1_024 });

        // Each is between 500 and 512 bytes, so that two of them make a batch and three do not fit.
        var filler = new Dictionary<string, string> { ["a"] = new('v', 226), ["b"] = new('v', 226) };
        var first = Send(client, "first");
        await gate.Reached.Task.WaitAsync(Cancellation);
        var rest = Enumerable.Range(0, 5).Select(i => client.ChargeAsync("acme", Charge.Of($"{i}", "m", 1m, filler), Cancellation)).ToArray();
        gate.Open();
        await Task.WhenAll([first, .. rest]);

        Assert.Equal([1, 2, 2, 1], account.Batches);
    }

    [Fact]
    public async Task A_slow_batch_holds_up_no_other()
    {
        await using var gateway = await GatewayHost.Start();
        var gate = new Gate(gateway.Grains.Account("slow"));
        await using var client = new MeteringClient(gateway.GrpcAddress, new MeteringClientOptions { MaxBatchesInFlight = 2 });

        var slow = Send(client, "1", "slow");
        await gate.Reached.Task.WaitAsync(Cancellation);
        Assert.Equal("2", (await Send(client, "2", "quick")).Reply!.Id);
        Assert.False(slow.IsCompleted);
        gate.Open();
        Assert.Equal("1", (await slow).Reply!.Id);
    }

    [Fact]
    public async Task Callers_beyond_the_queue_wait_their_turn()
    {
        await using var gateway = await GatewayHost.Start();
        var gate = new Gate(gateway.Grains.Account("acme"));
        await using var client = new MeteringClient(gateway.GrpcAddress, new MeteringClientOptions { MaxBatchesInFlight = 1, MaxQueuedCharges = 10 });

        var first = Send(client, "first");
        await gate.Reached.Task.WaitAsync(Cancellation);
        var rest = Enumerable.Range(0, 100).Select(i => Send(client, $"{i}")).ToArray();
        gate.Open();

        Assert.All(await Task.WhenAll([first, .. rest]), answer => Assert.NotNull(answer.Reply));
    }

    [Fact]
    public async Task What_a_broken_stream_did_not_answer_is_sent_again_with_the_same_id()
    {
        await using var gateway = await GatewayHost.Start();
        await using var proxy = new BreakableProxy(gateway.GrpcAddress);
        var account = gateway.Grains.Account("acme");
        var gate = new Gate(account);
        await using var client = new MeteringClient(proxy.Address, OneAtATime);

        var charged = Send(client, "req-1");
        await gate.Reached.Task.WaitAsync(Cancellation);
        gate.Open();
        proxy.Cut(gateway.GrpcAddress);

        Assert.Equal("req-1", (await charged).Reply!.Id);
        Assert.All(account.Charges, charge => Assert.Equal("req-1", charge.Id));
    }

    [Fact]
    public async Task A_gateway_that_stops_answers_what_it_took_and_the_next_one_gets_the_rest()
    {
        await using var second = await GatewayHost.Start();
        await using var first = await GatewayHost.Start();
        await using var proxy = new BreakableProxy(first.GrpcAddress);
        var gate = new Gate(first.Grains.Account("acme"));
        await using var client = new MeteringClient(proxy.Address, OneAtATime);

        var taken = Send(client, "taken");
        await gate.Reached.Task.WaitAsync(Cancellation);
        var waiting = Send(client, "waiting");
        var stopped = first.Stop();
        gate.Open();
        Assert.Equal("taken", (await taken).Reply!.Id);
        await stopped;
        proxy.Cut(second.GrpcAddress);

        // Which of the two it reaches goes by how fast the first one closes its door.
        Assert.Equal("waiting", (await waiting).Reply!.Id);
        Assert.Single(first.Grains.Account("acme").Charges.Concat(second.Grains.Account("acme").Charges), charge => charge.Id == "waiting");
        Assert.Equal("later", (await Send(client, "later")).Reply!.Id);
        Assert.Contains(second.Grains.Account("acme").Charges, charge => charge.Id == "later");
    }

    [Fact]
    public async Task A_stream_that_owes_answers_and_brings_none_is_given_up()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var calls = 0;
        account.OnCharge = charge => Interlocked.Increment(ref calls) == 1
            ? new TaskCompletionSource<Contract.Answer<Contract.ChargeReply>>().Task
            : Task.FromResult<Contract.Answer<Contract.ChargeReply>>(Samples.Charged(charge.Id));
        await using var client = new MeteringClient(
            gateway.GrpcAddress, new MeteringClientOptions { AttemptTimeout = TimeSpan.FromMilliseconds(200), FirstDelay = TimeSpan.FromMilliseconds(1) });

        Assert.Equal("req-1", (await Send(client, "req-1")).Reply!.Id);
        Assert.Equal(["req-1", "req-1"], account.Charges.Select(charge => charge.Id));
    }

    [Fact]
    public async Task A_charge_that_is_too_large_for_a_batch_is_refused_alone()
    {
        await using var gateway = await GatewayHost.Start();
        await using var client = new MeteringClient(gateway.GrpcAddress, OneAtATime);
        var large = Charge.Of("large", "m", 1m, new Dictionary<string, string> { ["d"] = new('v', 2_000_000) });

        var answers = await Task.WhenAll(client.ChargeAsync("acme", large, Cancellation), Send(client, "small"));

        Assert.Equal("lines[0].dimensions.d too_long", answers[0].Refusal!.Errors.Select(fault => $"{fault.Path} {fault.Code}").Single());
        Assert.Equal("small", answers[1].Reply!.Id);
    }

    [Fact]
    public async Task A_message_that_no_server_takes_ends_at_once()
    {
        await using var gateway = await GatewayHost.Start(options => options.MaxBodyBytes = 10_000);
        await using var client = new MeteringClient(gateway.GrpcAddress, OneAtATime);
        var large = Charge.Of("large", "m", 1m, new Dictionary<string, string> { ["d"] = new('v', 20_000) });

        await Assert.ThrowsAsync<MeteringException>(() => client.ChargeAsync("acme", large, Cancellation));

        Assert.Equal("small", (await Send(client, "small")).Reply!.Id);
    }

    [Fact]
    public async Task A_caller_who_leaves_is_not_charged_for_what_was_not_yet_sent()
    {
        await using var gateway = await GatewayHost.Start();
        var account = gateway.Grains.Account("acme");
        var gate = new Gate(account);
        await using var client = new MeteringClient(gateway.GrpcAddress, OneAtATime);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var first = Send(client, "first");
        await gate.Reached.Task.WaitAsync(Cancellation);
        var left = client.ChargeAsync("acme", Charge.Of("left", "m", 1m), leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        var stayed = Send(client, "stayed");
        gate.Open();

        await Task.WhenAll(first, stayed);
        Assert.Equal(["first", "stayed"], account.Charges.Select(charge => charge.Id));
    }

    [Fact]
    public async Task By_the_deadline_the_outcome_is_unknown_and_the_charge_is_given_back_to_be_sent_again()
    {
        await using var gateway = await GatewayHost.Start();
        var gate = new Gate(gateway.Grains.Account("acme"));
        await using var client = new MeteringClient(gateway.GrpcAddress, new MeteringClientOptions { Deadline = TimeSpan.FromMilliseconds(200) });

        var unanswered = await Assert.ThrowsAsync<MeteringException>(() => Send(client, "req-1"));

        Assert.Equal(("acme", "req-1"), (unanswered.Charge!.Account, unanswered.Charge.Charge.Id.ToString()));
        gate.Open();
        Assert.Equal("req-1", (await client.ChargeAsync("acme", unanswered.Charge.Charge, Cancellation)).Reply!.Id);
    }

    [Fact]
    public async Task A_client_that_is_disposed_leaves_nobody_waiting()
    {
        await using var gateway = await GatewayHost.Start();
        var gate = new Gate(gateway.Grains.Account("acme"));
        var client = new MeteringClient(gateway.GrpcAddress, OneAtATime);
        var sent = Send(client, "sent");
        await gate.Reached.Task.WaitAsync(Cancellation);
        var waiting = Send(client, "waiting");

        await client.DisposeAsync();

        await Assert.ThrowsAsync<MeteringException>(() => sent);
        await Assert.ThrowsAsync<MeteringException>(() => waiting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Send(client, "late"));
        await client.DisposeAsync();
        gate.Open();
    }

    private static Task<Answer<ChargeReply>> Send(MeteringClient client, string id, string account = "acme") =>
        client.ChargeAsync(account, Charge.Of(id, "m", 1m), Cancellation);

    /// <summary>Holds an account's charges back until it is opened.</summary>
    private sealed class Gate
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Gate(FakeAccount account) => account.OnCharge = async charge =>
        {
            Reached.TrySetResult();
            await _open.Task;
            return Samples.Charged(charge.Id);
        };

        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Open() => _open.TrySetResult();
    }
}
