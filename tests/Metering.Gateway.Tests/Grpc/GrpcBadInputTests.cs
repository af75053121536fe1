using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>The same rules as over HTTP, with the same paths.</summary>
public sealed class GrpcBadInputTests
{
    private static CallOptions Options => new(cancellationToken: TestContext.Current.CancellationToken);

    [Fact]
    public async Task A_charge_that_is_not_valid_is_told_every_fault()
    {
        await Refused(request => request.Account = "", "account required");
        await Refused(request => request.Account = "a/b", "account bad_format");
        await Refused(request => request.Id = "", "id required");
        await Refused(request => request.Id = new string('a', 128));
        await Refused(request => request.Id = new string('a', 129), "id too_long");
        await Refused(request => request.Lines.Clear(), "lines required");
        await Refused(request => request.Lines.Add(Enumerable.Repeat(request.Lines[0], 31)));
        await Refused(request => request.Lines.Add(Enumerable.Repeat(request.Lines[0], 32)), "lines too_many");
        await Refused(request => request.Lines[0].Meter = "a b", "lines[0].meter bad_format");
        await Refused(request => request.Lines[0].Quantity = null, "lines[0].quantity required");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal());
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Nanos = 1_000_000_000 }, "lines[0].quantity bad_format");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Nanos = 999_999_999 });
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Nanos = int.MinValue }, "lines[0].quantity bad_format");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Units = 1, Nanos = -1 }, "lines[0].quantity bad_format");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Units = -1, Nanos = 1 }, "lines[0].quantity bad_format");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Units = -1, Nanos = -1 }, "lines[0].quantity out_of_range");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Units = 999_999_999_999_999_999, Nanos = 999_999_999 });
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Units = 1_000_000_000_000_000_000 }, "lines[0].quantity out_of_range");
        await Refused(request => request.Lines[0].Quantity = new V1.Decimal { Units = long.MaxValue, Nanos = 5 }, "lines[0].quantity out_of_range");
        await Refused(request => request.Lines[0].Dimensions.Add("a b", "c"), "lines[0].dimensions.a b bad_format");
        await Refused(request => request.Lines[0].Dimensions.Add("d", new string('v', 257)), "lines[0].dimensions.d too_long");
        await Refused(request => request.Lines[0].Dimensions.Add(Enumerable.Range(0, 17).ToDictionary(i => $"d{i}", _ => "v")), "lines[0].dimensions too_many");
        await Refused(request => request.Mode = (V1.ChargeMode)9, "mode bad_format");
        await Refused(request => request.Time = new Timestamp { Seconds = long.MaxValue }, "time bad_format");
        await Refused(request => request.Time = new Timestamp { Nanos = -1 }, "time bad_format");
        await Refused(request => request.Time = new Timestamp { Seconds = 253_402_300_799, Nanos = 999_999_999 });
    }

    [Fact]
    public async Task Settings_that_are_not_valid_are_told_every_fault()
    {
        await using var gateway = await GatewayHost.Start();
        var settings = new V1.AccountSettings
        {
            DisplayName = new string('a', 257),
            RateCard = "a b",
            DiscountPercent = new V1.Decimal { Units = 100, Nanos = 1 },
            CreditLimit = new V1.Decimal { Units = -1 },
            Period = new V1.Period { Anchor = new Timestamp { Nanos = -1 } },
            Metadata = { { "", "v" }, { "k", new string('v', 513) } },
        };

        Assert.Equal(
            ["account bad_format", "creditLimit out_of_range", "discountPercent out_of_range", "displayName too_long", "metadata. required", "metadata.k too_long", "period.anchor bad_format", "period.every required", "rateCard bad_format"],
            (await GrpcTests.Faults(async () => await gateway.Client.PutAccountAsync(new V1.PutAccountRequest { Account = "a b", Settings = settings }, Options))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_grant_that_is_not_valid_is_told_every_fault()
    {
        await using var gateway = await GatewayHost.Start();
        var grant = new V1.AddGrantRequest
        {
            Account = "acme",
            Amount = new V1.Decimal(),
            Priority = -1,
            Kind = (V1.GrantKind)9,
            EffectiveAt = new Timestamp { Seconds = 5 },
            ExpiresAt = new Timestamp { Seconds = 5 },
            Meters = { "a*b" },
        };

        Assert.Equal(
            ["amount out_of_range", "expiresAt out_of_range", "id required", "kind bad_format", "meters[0] bad_format", "priority out_of_range"],
            (await GrpcTests.Faults(async () => await gateway.Client.AddGrantAsync(grant, Options))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_draft_that_is_not_well_formed_is_told_every_fault()
    {
        await using var gateway = await GatewayHost.Start();
        var draft = new V1.RateCardDraft
        {
            EffectiveFrom = new Timestamp { Nanos = -1 },
            Meters =
            {
                new V1.Meter
                {
                    Meter_ = "m",
                    Prices =
                    {
                        new V1.Price
                        {
                            UnitPrice = new V1.Decimal { Units = -1 },
                            Tiers = { new V1.Tier { UpTo = new V1.Decimal { Nanos = 1_000_000_000 } } },
                            Convert = new V1.Conversion { Rounding = (V1.ConversionRounding)9, Decimals = 10 },
                            PerCharge = new V1.PerCharge { Minimum = new V1.Decimal { Units = -1 } },
                        },
                    },
                },
            },
        };
        string[] faults =
        [
            "effectiveFrom bad_format", "meters[0].prices[0].convert.decimals out_of_range", "meters[0].prices[0].convert.rounding bad_format",
            "meters[0].prices[0].id required", "meters[0].prices[0].kind required", "meters[0].prices[0].perCharge.minimum out_of_range",
            "meters[0].prices[0].tiers[0].upTo bad_format", "meters[0].prices[0].unitPrice out_of_range", "meters[0].unit required",
        ];

        Assert.Equal(faults, (await GrpcTests.Faults(async () => await gateway.Client.PublishRateCardAsync(
            new V1.PublishRateCardRequest { Card = "default", Draft = draft }, Options))).Order(StringComparer.Ordinal));
        Assert.Equal(faults.Select(fault => $"rateCard.{fault}"), (await GrpcTests.Faults(async () => await gateway.Client.QuoteAsync(
            new V1.QuoteRequest { Charge = GrpcTests.Charge(), RateCard = draft }, Options))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Requests_with_nothing_in_them_are_told_what_is_missing()
    {
        await using var gateway = await GatewayHost.Start();
        var client = gateway.Client;

        Assert.Equal(["account required", "id required", "lines required"], await GrpcTests.Faults(async () => await client.ChargeAsync(new V1.ChargeRequest(), Options)));
        Assert.Equal(["account required", "id required", "lines required"], await GrpcTests.Faults(async () => await client.QuoteAsync(new V1.QuoteRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.PutAccountAsync(new V1.PutAccountRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.GetAccountAsync(new V1.GetAccountRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.ListGrantsAsync(new V1.ListGrantsRequest(), Options)));
        Assert.Equal(["account required", "amount required", "id required"], await GrpcTests.Faults(async () => await client.AddGrantAsync(new V1.AddGrantRequest(), Options)));
        Assert.Equal(["account required", "grant required"], await GrpcTests.Faults(async () => await client.VoidGrantAsync(new V1.VoidGrantRequest(), Options)));
        Assert.Equal(["account required", "id required"], await GrpcTests.Faults(async () => await client.GetChargeAsync(new V1.GetChargeRequest(), Options)));
        Assert.Equal(["card required", "meters required"], await GrpcTests.Faults(async () => await client.PublishRateCardAsync(new V1.PublishRateCardRequest(), Options)));
        Assert.Equal(["card required"], await GrpcTests.Faults(async () => await client.GetRateCardAsync(new V1.GetRateCardRequest(), Options)));
        Assert.Equal(
            ["card required", "version out_of_range"],
            await GrpcTests.Faults(async () => await client.GetRateCardAsync(new V1.GetRateCardRequest { Version = 0 }, Options)));
        Assert.Equal(
            ["prefix bad_format", "cursor bad_format", "limit out_of_range"],
            await GrpcTests.Faults(async () => await client.ListAccountsAsync(new V1.ListAccountsRequest { Prefix = "/", Cursor = "!", Limit = 101 }, Options)));
    }

    [Fact]
    public async Task Very_many_faults_still_end_in_a_status_that_clients_take()
    {
        await using var gateway = await GatewayHost.Start();
        var request = GrpcTests.Charge();
        request.Lines[0].Dimensions.Add(Enumerable.Range(0, 2_000).ToDictionary(i => $"a b{i}", _ => "v"));

        var faults = await GrpcTests.Faults(async () => await gateway.Client.ChargeAsync(request, Options));

        Assert.Equal(25, faults.Count);
    }

    private static async Task Refused(Action<V1.ChargeRequest> spoil, params string[] faults)
    {
        await using var gateway = await GatewayHost.Start();
        var request = GrpcTests.Charge();
        spoil(request);
        if (faults.Length == 0)
        {
            Assert.Equal(request.Id, (await gateway.Client.ChargeAsync(request, Options)).Id);
        }
        else
        {
            Assert.Equal(faults, await GrpcTests.Faults(async () => await gateway.Client.ChargeAsync(request, Options)));
        }
    }
}
