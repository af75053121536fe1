using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Tests.Security;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>Questions to the ledger over gRPC: what is refused, by the path that HTTP names, and whom they are not answered.</summary>
public sealed class GrpcLedgerBadInputTests
{
    private static readonly DateTimeOffset First = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CallOptions Options => new(cancellationToken: TestContext.Current.CancellationToken);

    [Fact]
    public async Task Requests_with_nothing_in_them_are_told_what_is_missing()
    {
        await using var gateway = await GatewayHost.Start();
        var client = gateway.Client;

        Assert.Equal(["account required", "from required", "to required"], await GrpcTests.Faults(async () => await client.ReadUsageAsync(new V1.ReadUsageRequest(), Options)));
        Assert.Equal(["from required", "to required"], await GrpcTests.Faults(async () => await client.ReadUsageAcrossAccountsAsync(new V1.ReadUsageAcrossAccountsRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.ReadLedgerAsync(new V1.ReadLedgerRequest(), Options)));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.StreamLedger(new V1.ReadLedgerRequest(), Options).ResponseStream.MoveNext()));
        Assert.Equal(["account required"], await GrpcTests.Faults(async () => await client.VerifyLedgerAsync(new V1.VerifyLedgerRequest(), Options)));
        Assert.Equal(["account required", "month bad_format"], await GrpcTests.Faults(async () => await client.ReadStatementAsync(new V1.ReadStatementRequest(), Options)));
    }

    [Fact]
    public async Task A_question_about_usage_that_is_not_valid_is_told_every_fault()
    {
        await using var gateway = await GatewayHost.Start();
        await Usage(asked => asked.To = asked.From, "to conflict");
        await Usage(asked => asked.From = new Timestamp { Nanos = -1 }, "from bad_format");
        await Usage(asked => (asked.Window, asked.To) = (V1.UsageWindow.Minute, At(TimeSpan.FromDays(1))));
        await Usage(asked => (asked.Window, asked.To) = (V1.UsageWindow.Minute, At(TimeSpan.FromDays(1) + TimeSpan.FromTicks(1))), "to out_of_range");
        await Usage(asked => (asked.Window, asked.To) = (V1.UsageWindow.Hour, At(TimeSpan.FromDays(31) + TimeSpan.FromTicks(1))), "to out_of_range");
        await Usage(asked => (asked.Window, asked.To) = (V1.UsageWindow.Day, At(TimeSpan.FromDays(400) + TimeSpan.FromTicks(1))), "to out_of_range");
        await Usage(asked => asked.To = At(TimeSpan.FromDays(3_660) + TimeSpan.FromTicks(1)), "to out_of_range");
        await Usage(asked => asked.Window = (V1.UsageWindow)9, "window bad_format");
        await Usage(asked => asked.GroupBy.Add(""), "groupBy required");
        await Usage(asked => asked.GroupBy.Add("a b"), "groupBy bad_format");
        await Usage(asked => asked.GroupBy.Add("meter"), "groupBy duplicate");
        await Usage(asked => asked.GroupBy.Add(["a", "b", "c", "d"]), "groupBy too_many");
        await Usage(asked => asked.GroupBy.Add(Enumerable.Repeat("a", 100_000)), "groupBy duplicate");
        await Usage(asked => asked.GroupBy.Add("account"), "groupBy conflict");
        await Usage(asked => (asked.Top, asked.By) = (0, V1.UsageMeasure.Lines), "top out_of_range");
        await Usage(asked => asked.Top = 1_000);
        await Usage(asked => asked.Top = 1_001, "top out_of_range");
        await Usage(asked => asked.By = V1.UsageMeasure.Credits, "by conflict");
        await Usage(asked => asked.By = (V1.UsageMeasure)9, "by bad_format");
        await Usage(asked => (asked.Top, asked.By) = (3, (V1.UsageMeasure)9), "by bad_format");
        await Usage(asked => (asked.Top, asked.Window) = (3, V1.UsageWindow.Month), "window conflict");
        await Usage(asked => asked.Meter = "llm.*", "meter bad_format");
        await Usage(asked => asked.Dimensions.Add("a b", "c"), "dimension.a b bad_format");
        Assert.Equal(
            ["groupBy required", "top conflict"],
            (await GrpcTests.Faults(async () => await gateway.Client.ReadUsageAcrossAccountsAsync(new V1.ReadUsageAcrossAccountsRequest { From = At(TimeSpan.Zero), To = At(TimeSpan.FromDays(1)), GroupBy = { "" } }, Options)))
            .Concat(await GrpcTests.Faults(async () => await gateway.Client.ReadUsageAcrossAccountsAsync(new V1.ReadUsageAcrossAccountsRequest { From = At(TimeSpan.Zero), To = At(TimeSpan.FromDays(1)), Top = 3 }, Options))));

        async Task Usage(Action<V1.ReadUsageRequest> change, params string[] faults)
        {
            var asked = new V1.ReadUsageRequest { Account = "acme", From = At(TimeSpan.Zero), To = At(TimeSpan.FromDays(1)), GroupBy = { "meter" } };
            change(asked);
            if (faults.Length == 0)
            {
                Assert.Single((await gateway.Client.ReadUsageAsync(asked, Options)).Rows);
                return;
            }

            Assert.Equal(faults, await GrpcTests.Faults(async () => await gateway.Client.ReadUsageAsync(asked, Options)));
        }
    }

    [Fact]
    public async Task A_question_to_the_ledger_that_is_not_valid_is_told_every_fault_whether_page_or_stream()
    {
        await using var gateway = await GatewayHost.Start();
        await Ledger(asked => (asked.From, asked.To) = (At(TimeSpan.Zero), At(TimeSpan.Zero)), "to conflict");
        await Ledger(asked => asked.To = new Timestamp { Seconds = long.MaxValue }, "to bad_format");
        await Ledger(asked => asked.Limit = 0, "limit out_of_range");
        await Ledger(asked => asked.Limit = 1);
        await Ledger(asked => asked.Limit = 1_000);
        await Ledger(asked => asked.Limit = 1_001, "limit out_of_range");
        await Ledger(asked => asked.Cursor = "bGVkZ2VyOjE", "cursor bad_format");
        await Ledger(asked => asked.Cursor = "bGVkZ2VyOjQzOjYzOTA1NDU3NjAwMDAwMDAwMA");
        await Ledger(asked => asked.Kinds.Add(["charged", "burned"]), "kind bad_format");
        await Ledger(asked => asked.Kinds.Add(Enumerable.Repeat("charged", 10_000)));
        await Ledger(asked => asked.Meter = "a b", "meter bad_format");
        await Ledger(asked => asked.Dimensions.Add("a b", "c"), "dimension.a b bad_format");
        Assert.Equal(
            ["to conflict"],
            await GrpcTests.Faults(async () => await gateway.Client.VerifyLedgerAsync(new V1.VerifyLedgerRequest { Account = "acme", From = At(TimeSpan.FromDays(1)), To = At(TimeSpan.Zero) }, Options)));
        foreach (var month in new[] { "2026-13", "2026", "9999-12", "2026-01-01" })
        {
            Assert.Equal(["month bad_format"], await GrpcTests.Faults(async () => await gateway.Client.ReadStatementAsync(new V1.ReadStatementRequest { Account = "acme", Month = month }, Options)));
        }

        async Task Ledger(Action<V1.ReadLedgerRequest> change, params string[] faults)
        {
            var asked = new V1.ReadLedgerRequest { Account = "acme" };
            change(asked);
            if (faults.Length == 0)
            {
                Assert.Single((await gateway.Client.ReadLedgerAsync(asked, Options)).Entries);
                return;
            }

            Assert.Equal(faults, await GrpcTests.Faults(async () => await gateway.Client.ReadLedgerAsync(asked, Options)));
            Assert.Equal(faults, await GrpcTests.Faults(async () => await gateway.Client.StreamLedger(asked, Options).ResponseStream.MoveNext()));
        }
    }

    [Fact]
    public async Task A_caller_of_some_meters_reads_of_one_of_them_at_a_time_and_no_statement()
    {
        var keys = new TestKeys();
        var (limited, reader) = (keys.Add(Role.Charge, static key => key with { Meters = ["llm.*"] }), keys.Add(Role.Read));
        await using var gateway = await keys.Start();
        var (from, to) = (At(TimeSpan.Zero), At(TimeSpan.FromDays(1)));
        foreach (var (meter, expected) in new[] { ("", StatusCode.PermissionDenied), ("api.calls", StatusCode.PermissionDenied), ("llm.*", StatusCode.InvalidArgument), ("llm.tokens", StatusCode.OK) })
        {
            Assert.Equal(expected, await StatusOf(async headers => await gateway.Client.ReadUsageAsync(new V1.ReadUsageRequest { Account = "acme", From = from, To = to, GroupBy = { "meter" }, Meter = meter }, headers), limited));
            Assert.Equal(expected, await StatusOf(async headers => await gateway.Client.ReadUsageAcrossAccountsAsync(new V1.ReadUsageAcrossAccountsRequest { From = from, To = to, GroupBy = { "meter" }, Meter = meter }, headers), limited));
            Assert.Equal(expected, await StatusOf(async headers => await gateway.Client.ReadLedgerAsync(new V1.ReadLedgerRequest { Account = "acme", Meter = meter }, headers), limited));
            Assert.Equal(expected, await StatusOf(async headers => await gateway.Client.StreamLedger(new V1.ReadLedgerRequest { Account = "acme", Meter = meter }, headers).ResponseStream.MoveNext(), limited));
            if (expected != StatusCode.InvalidArgument)
            {
                Assert.Equal(StatusCode.OK, await StatusOf(async headers => await gateway.Client.ReadLedgerAsync(new V1.ReadLedgerRequest { Account = "acme", Meter = meter }, headers), reader));
            }
        }

        var statement = new V1.ReadStatementRequest { Account = "acme", Month = "2026-01" };
        Assert.Equal(StatusCode.PermissionDenied, await StatusOf(async headers => await gateway.Client.ReadStatementAsync(statement, headers), limited));
        Assert.Equal(StatusCode.OK, await StatusOf(async headers => await gateway.Client.ReadStatementAsync(statement, headers), reader));
    }

    [Fact]
    public async Task A_sum_that_the_wire_has_no_room_for_is_refused_and_not_cut()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Ledger.Usage = FakeUsage.Reply with { Rows = [FakeUsage.Reply.Rows[0] with { Quantity = 10_000_000_000_000_000_000m }] };

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await gateway.Client.ReadUsageAsync(new V1.ReadUsageRequest { Account = "acme", From = At(TimeSpan.Zero), To = At(TimeSpan.FromDays(1)), GroupBy = { "meter" } }, Options));

        Assert.Equal((StatusCode.OutOfRange, "out_of_range"), (refused.StatusCode, refused.Trailers.GetValue("metering-code")));
    }

    private static async Task<StatusCode> StatusOf(Func<CallOptions, Task> call, string key)
    {
        try
        {
            await call(Options.WithHeaders(new Metadata { { "authorization", $"Bearer {key}" } }));
            return StatusCode.OK;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }
    }

    private static Timestamp At(TimeSpan later) => Timestamp.FromDateTimeOffset(First + later);
}
