using System.Diagnostics;
using Metering.Client;
using Metering.Gateway.Tests.Hosting;
using Contract = Metering.Contracts;

namespace Metering.Gateway.Tests.Clients;

public sealed class MeteringClientTests
{
    private static readonly MeteringClientOptions Quick = new()
    {
        Deadline = TimeSpan.FromSeconds(20),
        FirstDelay = TimeSpan.FromMilliseconds(1),
        MaxDelay = TimeSpan.FromMilliseconds(2),
    };

    /// <summary>At least one attempt after the first, and a wait that is longer than what is left of the deadline before the last could be late.</summary>
    private static readonly MeteringClientOptions Short = new()
    {
        Deadline = TimeSpan.FromSeconds(3),
        FirstDelay = TimeSpan.FromSeconds(2),
        MaxDelay = TimeSpan.FromSeconds(2),
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_account_is_set_up_funded_priced_and_charged()
    {
        await using var gateway = await GatewayHost.Start();
        using var client = new MeteringClient(gateway.GrpcAddress);

        var published = await client.PublishRateCardAsync(
            "default",
            new RateCard
            {
                Meters =
                [
                    new Meter("egress", "byte",
                    [
                        new Price
                        {
                            Id = "gb",
                            Kind = PriceKind.Volume,
                            When = new Dictionary<string, string> { ["region"] = "eu" },
                            Tiers = [new Tier { UpTo = 100m, UnitPrice = 1m }, new Tier { UnitPrice = 0.8m, FlatPrice = 3m }],
                            FreeUnits = 1000m,
                            Convert = new Conversion { Divide = 1000000000m, Rounding = ConversionRounding.HalfUp, Decimals = 0 },
                            MaximumPerPeriod = 500m,
                            PerCharge = new PerCharge(1.75m, 12m, 0m),
                        },
                    ]),
                ],
                CreditDefinition = "1 credit = 1M calls",
                EffectiveFrom = Samples.At,
            },
            Cancellation);
        var account = await client.PutAccountAsync("acme", new AccountSettings { DisplayName = "Acme", CreditLimit = 10.5m }, Cancellation);
        var granted = await client.AddGrantAsync("acme", new Grant { Id = "plan", Amount = 100m, Kind = GrantKind.Plan, Meters = ["llm.*"] }, Cancellation);
        var charged = await client.ChargeAsync(
            "acme",
            Charge.Of("req-1", "llm.tokens", 1200.5m, new Dictionary<string, string> { ["model"] = "gpt-4" }) with { Mode = ChargeMode.UpTo },
            Cancellation);
        var read = await client.GetAccountAsync("acme", Cancellation);

        Assert.Equal(("ab12", Samples.At), (published.Reply!.ContentHash, published.Reply.EffectiveFrom));
        Assert.Equivalent(Samples.RateCard("default").Card, gateway.Grains.RateCard("default").Draft, strict: true);
        Assert.Equal((99.928m, 101.928m, 8m), (account.Reply!.Balance, account.Reply.Available, account.Reply.Held));
        Assert.Equal(10.5m, gateway.Grains.Account("acme").Settings!.CreditLimit);
        Assert.Equal((100m, 110m), (granted.Reply!.Credits, granted.Reply.Available));
        Assert.Equal((0.072m, 99.928m, 43L, false), (charged.Reply!.Credits, charged.Reply.Balance, charged.Reply.Sequence, charged.Reply.Replayed));
        Assert.Equal("gold", read.Reply!.Settings.Metadata!["tier"]);
        var charge = Assert.Single(gateway.Grains.Account("acme").Charges);
        Assert.Equal((Contract.ChargeMode.UpTo, 1200.5m, "gpt-4"), (charge.Mode, charge.Lines[0].Quantity, charge.Lines[0].Dimensions["model"]));
    }

    [Fact]
    public async Task A_refusal_is_a_value_and_is_not_sent_again()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Contract.Answer<Contract.ChargeReply>>(new Contract.Refusal
        {
            Code = Contract.Code.InsufficientCredits,
            Detail = "Too few.",
            Account = "acme",
            Required = 0.072m,
            Available = 0.01m,
        });
        using var client = new MeteringClient(gateway.GrpcAddress, Quick);

        var answer = await client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation);

        Assert.Null(answer.Reply);
        Assert.Equal(("insufficient_credits", 0.072m, 0.01m, false), (answer.Refusal!.Code, answer.Refusal.Required, answer.Refusal.Available, answer.Refusal.IsRetryable));
        Assert.Single(gateway.Grains.Account("acme").Charges);
    }

    [Fact]
    public async Task A_charge_that_is_not_valid_learns_its_faults()
    {
        await using var gateway = await GatewayHost.Start();
        using var client = new MeteringClient(gateway.GrpcAddress, Quick);

        var answer = await client.ChargeAsync("acme", Charge.Of("req 1", "m", -1m), Cancellation);

        Assert.Equal(["id bad_format", "lines[0].quantity out_of_range"], answer.Refusal!.Errors.Select(fault => $"{fault.Path} {fault.Code}"));
    }

    [Theory]
    [InlineData("Unavailable")]
    [InlineData("Overloaded")]
    [InlineData("RateLimited")]
    public async Task What_passes_by_itself_is_sent_again_under_the_same_id(string code)
    {
        await using var gateway = await GatewayHost.Start();
        var calls = 0;
        gateway.Grains.Account("acme").OnCharge = charge => Task.FromResult(
            ++calls < 3
                ? (Contract.Answer<Contract.ChargeReply>)new Contract.Refusal { Code = Enum.Parse<Contract.Code>(code), Detail = "Later." }
                : Samples.Charged(charge.Id));
        using var client = new MeteringClient(gateway.GrpcAddress, Quick);

        var answer = await client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation);

        Assert.NotNull(answer.Reply);
        var sent = gateway.Grains.Account("acme").Charges.ToArray();
        Assert.Equal(["req-1", "req-1", "req-1"], sent.Select(charge => charge.Id));

        // From the second time on it says so, and an account that has forgotten ids refuses it rather than charge it twice.
        Assert.Equal(TimeSpan.Zero, sent[0].FirstSentAgo);
        Assert.True(sent[1].FirstSentAgo > TimeSpan.Zero && sent[2].FirstSentAgo > sent[1].FirstSentAgo, $"{sent[1].FirstSentAgo}, {sent[2].FirstSentAgo}");
    }

    [Fact]
    public async Task What_was_not_answered_says_when_its_caller_sends_it_again_how_long_ago_it_was_first_sent()
    {
        await using var gateway = await GatewayHost.Start();
        var arrivedAt = 0L;
        gateway.Grains.Account("acme").OnCharge = _ =>
        {
            Interlocked.CompareExchange(ref arrivedAt, Stopwatch.GetTimestamp(), 0);
            return new TaskCompletionSource<Contract.Answer<Contract.ChargeReply>>().Task;
        };
        using var client = new MeteringClient(gateway.GrpcAddress, Short);
        var unanswered = await Assert.ThrowsAsync<MeteringException>(() => client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation));
        while (arrivedAt == 0)
        {
            // On a busy machine its time is over before the client has a stream to send it on.
            unanswered = await Assert.ThrowsAsync<MeteringException>(() => client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation));
        }

        var arrivedAgo = Stopwatch.GetElapsedTime(arrivedAt);
        gateway.Grains.Account("acme").OnCharge = charge => Task.FromResult<Contract.Answer<Contract.ChargeReply>>(Samples.Charged(charge.Id));

        var again = await client.ChargeManyAsync([unanswered.Charge!], Cancellation);

        Assert.NotNull(Assert.Single(again.Reply!).Reply);
        Assert.True(gateway.Grains.Account("acme").Charges.Last().FirstSentAgo >= arrivedAgo - TimeSpan.FromMilliseconds(10), "It was sent before it arrived.");
    }

    [Fact]
    public async Task What_a_rate_limit_can_never_let_through_is_sent_once()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => Task.FromResult<Contract.Answer<Contract.ChargeReply>>(
            new Contract.Refusal { Code = Contract.Code.RateLimited, Detail = "Too large.", IsLasting = true });
        using var client = new MeteringClient(gateway.GrpcAddress, Quick);

        var answer = await client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation);

        Assert.Equal(("rate_limited", false), (answer.Refusal!.Code, answer.Refusal.IsRetryable));
        Assert.Single(gateway.Grains.Account("acme").Charges);
    }

    [Fact]
    public async Task What_does_not_pass_in_time_is_a_refusal_that_may_be_tried_again()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Account("acme").OnCharge = _ => throw new TimeoutException();
        using var client = new MeteringClient(gateway.GrpcAddress, Short);

        var answer = await Answered();

        Assert.Equal(("unavailable", true), (answer.Refusal!.Code, answer.Refusal.IsRetryable));
        Assert.True(gateway.Grains.Account("acme").Charges.Count > 1, "It was to be sent more than once.");

        // By chance the last attempt begins just before the time is over, and then its outcome is not known.
        async Task<Answer<ChargeReply>> Answered()
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    return await client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation);
                }
                catch (MeteringException) when (tries < 5)
                {
                }
            }
        }
    }

    [Fact]
    public async Task When_nobody_answers_the_outcome_is_unknown()
    {
        Uri address;
        await using (var gateway = await GatewayHost.Start())
        {
            address = gateway.GrpcAddress;
        }

        using var client = new MeteringClient(address, Short);

        var unanswered = await Assert.ThrowsAsync<MeteringException>(() => client.ChargeAsync("acme", Charge.Of("req-1", "m", 1m), Cancellation));
        Assert.Equal(("acme", "req-1"), (unanswered.Charge!.Account, unanswered.Charge.Charge.Id.ToString()));
        await Assert.ThrowsAsync<MeteringException>(() => client.GetAccountAsync("acme", Cancellation));
    }

    [Fact]
    public async Task A_batch_answers_each_charge_where_it_stood()
    {
        await using var gateway = await GatewayHost.Start();
        using var client = new MeteringClient(gateway.GrpcAddress, Quick);

        var answer = await client.ChargeManyAsync(
            [new AccountCharge("a", Charge.Of("1", "m", 1m)), new AccountCharge("b", Charge.Of("", "m", 1m)), new AccountCharge("a", Charge.Of("3", "m", 1m))], Cancellation);

        Assert.Equal(["1", null, "3"], answer.Reply!.Select(result => result.Reply?.Id));
        Assert.Equal("invalid_request", answer.Reply![1].Refusal!.Code);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        var address = new Uri("http://127.0.0.1:1");
        MeteringClientOptions[] wrong =
        [
            new() { Deadline = TimeSpan.Zero }, new() { Deadline = TimeSpan.FromHours(2) }, new() { MaxQueuedCharges = 0 }, new() { MaxBatchCharges = 0 },
            new() { MaxBatchCharges = 10_001 }, new() { MaxBatchBytes = 1_023 }, new() { MaxBatchesInFlight = 0 }, new() { MaxStreamAge = TimeSpan.Zero },
            new() { AttemptTimeout = TimeSpan.Zero }, new() { FirstDelay = TimeSpan.Zero },
            new() { MaxDelay = TimeSpan.FromMilliseconds(49) }, new() { MaxReplyBytes = 1 },
        ];

        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => new MeteringClient(address, options)));
    }

    [Theory]
    [InlineData("0.0000000001")]
    [InlineData("10000000000000000000")]
    public async Task An_amount_that_cannot_travel_exactly_is_not_sent(string quantity)
    {
        using var client = new MeteringClient(new Uri("http://127.0.0.1:1"), Quick);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            client.ChargeAsync("acme", Charge.Of("req-1", "m", decimal.Parse(quantity, System.Globalization.CultureInfo.InvariantCulture)), Cancellation));
    }
}
