using Metering.Client;
using Metering.Gateway.Tests.Hosting;
using Contract = Metering.Contracts;

namespace Metering.Gateway.Tests.Clients;

/// <summary>An account takes a producer's number only up to 63 behind the highest it has seen.</summary>
public sealed class ProducerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Charges_are_numbered_from_the_first_and_carry_no_id_of_their_own()
    {
        await using var gateway = await GatewayHost.Start();
        await using var client = new MeteringClient(gateway.GrpcAddress);
        var producer = client.Producer("chat-1", firstSequence: 7);

        Assert.Equal(6, producer.HighestSequence);
        Assert.Equal("chat-1:7", (await producer.ChargeAsync("acme", Usage.Of("m", 1m), Cancellation)).Reply!.Id);
        Assert.Equal("chat-1:8", (await producer.ChargeAsync("acme", Usage.Of("m", 1m), Cancellation)).Reply!.Id);

        Assert.Equal(8, producer.HighestSequence);
        Assert.Equal([("chat-1", 7L), ("chat-1", 8L)], gateway.Grains.Account("acme").Charges.Select(charge => (charge.Producer, charge.ProducerSequence)));
    }

    [Fact]
    public async Task Without_a_first_number_it_begins_above_all_that_an_earlier_process_gave()
    {
        await using var gateway = await GatewayHost.Start();
        await using var client = new MeteringClient(gateway.GrpcAddress);
        var before = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

        var highest = client.Producer("chat-1").HighestSequence;

        Assert.InRange(highest, before - 1, before + 60_000_000);
    }

    [Fact]
    public async Task No_number_is_given_that_is_more_than_63_above_one_on_its_way()
    {
        await using var gateway = await GatewayHost.Start();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var lastOfTheWindow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Grains.Account("acme").OnCharge = async charge =>
        {
            if (charge.ProducerSequence == 1)
            {
                await open.Task;
            }

            if (charge.ProducerSequence == 64)
            {
                lastOfTheWindow.TrySetResult();
            }

            return (Contract.Answer<Contract.ChargeReply>)Samples.Charged(charge.Id);
        };
        await using var client = new MeteringClient(gateway.GrpcAddress, new MeteringClientOptions { MaxBatchCharges = 1, MaxBatchesInFlight = 16 });
        var producer = client.Producer("chat-1", firstSequence: 1);

        var charges = Enumerable.Range(0, 200).Select(_ => producer.ChargeAsync("acme", Usage.Of("m", 1m), Cancellation)).ToArray();
        await lastOfTheWindow.Task.WaitAsync(Cancellation);
        await Task.WhenAll(charges[1..64]);

        Assert.Equal(64, producer.HighestSequence);
        Assert.NotNull((await Charge(producer, "other")).Reply);
        open.SetResult();
        Assert.All(await Task.WhenAll(charges), answer => Assert.NotNull(answer.Reply));
        Assert.Equal(200, producer.HighestSequence);
    }

    [Fact]
    public async Task Numbers_of_an_account_rise_however_charges_of_others_come_between()
    {
        await using var gateway = await GatewayHost.Start();
        await using var client = new MeteringClient(gateway.GrpcAddress);
        var producer = client.Producer("chat-1", firstSequence: 1);

        for (var i = 0; i < 50; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 5).Select(account => Charge(producer, $"acme-{(i + account) % 7}")));
        }

        for (var account = 0; account < 7; account++)
        {
            var numbers = gateway.Grains.Account($"acme-{account}").Charges.Select(charge => charge.ProducerSequence).ToList();
            Assert.Equal(numbers.Distinct().Order(), numbers);
        }
    }

    [Fact]
    public async Task A_caller_who_leaves_before_his_turn_takes_no_number()
    {
        await using var gateway = await GatewayHost.Start();
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gateway.Grains.Account("acme").OnCharge = async charge =>
        {
            await open.Task;
            return (Contract.Answer<Contract.ChargeReply>)Samples.Charged(charge.Id);
        };
        await using var client = new MeteringClient(gateway.GrpcAddress);
        var producer = client.Producer("chat-1", firstSequence: 1);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);

        var window = Enumerable.Range(0, 64).Select(_ => Charge(producer, "acme")).ToArray();
        var left = producer.ChargeAsync("acme", Usage.Of("m", 1m), leaving.Token);
        var stayed = Charge(producer, "acme");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        open.SetResult();

        await Task.WhenAll(window);
        Assert.Equal("chat-1:65", (await stayed).Reply!.Id);
    }

    [Fact]
    public async Task A_charge_without_an_answer_is_given_back_with_its_number()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => new TaskCompletionSource<Contract.Answer<Contract.ChargeReply>>().Task;
        await using var client = new MeteringClient(gateway.GrpcAddress, new MeteringClientOptions { Deadline = TimeSpan.FromMilliseconds(100) });

        var unanswered = await Assert.ThrowsAsync<MeteringException>(() => Charge(client.Producer("chat-1", firstSequence: 5), "acme"));

        Assert.Equal(ChargeId.Numbered("chat-1", 5), unanswered.Charge!.Charge.Id);
    }

    [Fact]
    public async Task A_producer_needs_a_name_and_a_number_above_zero()
    {
        await using var client = new MeteringClient(new Uri("http://127.0.0.1:1"));

        Assert.Throws<ArgumentException>(() => client.Producer(""));
        Assert.Throws<ArgumentOutOfRangeException>(() => client.Producer("chat-1", firstSequence: 0));
    }

    private static Task<Answer<ChargeReply>> Charge(Producer producer, string account) => producer.ChargeAsync(account, Usage.Of("m", 1m), Cancellation);
}
