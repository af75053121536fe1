using Grpc.Core;
using Metering.Client;
using Metering.Gateway.Routing;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Tests.Security;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Clients;

/// <summary>Ledgers too long to be held: read only as fast as they are taken, gone on with after a break, and ended when nobody listens or may.</summary>
public sealed class LedgerStreamTests
{
    private const int PageEntries = 1_000;

    /// <summary>Pages that lie between gateway and caller at most: a client's window grows to 16 MiB, and a page of these has about 1 MB.</summary>
    private const int MaxPagesAhead = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ledger_is_read_no_faster_than_it_is_taken_and_no_further_when_nobody_takes_it()
    {
        await using var gateway = await GatewayHost.Start();
        var reads = Endless(gateway);
        await using var client = new MeteringClient(gateway.GrpcAddress);
        await using (var pages = client.StreamLedgerAsync("acme", new LedgerQuery(), cancellationToken: Cancellation).GetAsyncEnumerator(Cancellation))
        {
            for (var taken = 1; taken <= 5; taken++)
            {
                Assert.True(await pages.MoveNextAsync());
                Assert.Equal((PageEntries, taken * (long)PageEntries), (pages.Current.Reply!.Entries.Count, pages.Current.Reply.Entries[^1].Sequence));

                // Whoever does not wait for the caller would have read hundreds meanwhile.
                await Task.Delay(100, Cancellation);
                Assert.True(reads() - taken <= MaxPagesAhead, $"{reads()} pages were read when {taken} were taken.");
            }
        }

        await EndedAsync(gateway);
    }

    [Fact]
    public async Task A_stream_that_breaks_goes_on_where_it_was_and_no_entry_is_missing_or_told_twice()
    {
        const int Pages = 12;
        await using var gateway = await GatewayHost.Start();
        await using var proxy = new BreakableProxy(gateway.GrpcAddress);
        gateway.Grains.Ledger.OnRead = request => Task.FromResult<Contracts.Answer<Contracts.LedgerPage>>(Page(request, more: request.After < (Pages - 1) * PageEntries));
        await using var client = new MeteringClient(proxy.Address, new MeteringClientOptions { Deadline = Patience, FirstDelay = TimeSpan.FromMilliseconds(5), MaxDelay = TimeSpan.FromMilliseconds(100) });
        var (next, pages, balances) = (1L, 0, 0);
        await foreach (var page in client.StreamLedgerAsync("acme", new LedgerQuery(), cancellationToken: Cancellation))
        {
            Assert.Equal(Enumerable.Range(0, PageEntries).Select(i => next + i), page.Reply!.Entries.Select(static entry => entry.Sequence));
            Assert.Equal(++pages == Pages, page.Reply.Cursor is null);
            (next, balances) = (next + PageEntries, balances + (page.Reply.OpeningBalance is null ? 0 : 1));
            if (pages % 4 == 2)
            {
                proxy.Cut(gateway.GrpcAddress);
            }
        }

        Assert.Equal((Pages, 1), (pages, balances));
    }

    [Fact]
    public async Task What_the_ledger_refuses_in_the_midst_ends_the_stream_as_a_value_and_a_table_as_half_a_file()
    {
        await using var gateway = await GatewayHost.Start();
        gateway.Grains.Ledger.OnRead = request => Task.FromResult(
            request.After == 0 ? Page(request, more: true) : (Contracts.Answer<Contracts.LedgerPage>)new Contracts.Refusal { Code = Contracts.Code.DetailNotKept, Detail = "Gone.", Account = "acme" });
        await using var client = new MeteringClient(gateway.GrpcAddress);

        var pages = await client.StreamLedgerAsync("acme", new LedgerQuery(), cancellationToken: Cancellation).ToListAsync(Cancellation);

        Assert.Equal([PageEntries, null], pages.Select(static page => page.Reply?.Entries.Count));
        Assert.Equal(Codes.DetailNotKept, pages[1].Refusal!.Code);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => gateway.Http.GetStringAsync("/v1/accounts/acme/ledger?format=csv", Cancellation));
    }

    [Fact]
    public async Task A_caller_who_is_let_in_no_longer_hears_no_more()
    {
        var keys = new TestKeys();
        var key = keys.Add(Contracts.Role.Read);
        await using var gateway = await keys.Start();
        Endless(gateway);
        using var stream = gateway.Client.StreamLedger(new V1.ReadLedgerRequest { Account = "acme", Limit = 1 }, new Metadata { { "authorization", $"Bearer {key}" } }, cancellationToken: Cancellation);
        Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        gateway.Grains.Keys.Ring = new Contracts.KeyRing { Keys = [], HasHadKeys = true };

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await stream.ResponseStream.MoveNext(Cancellation))
            {
            }
        });

        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        await EndedAsync(gateway);
    }

    /// <summary>A ledger without an end.</summary>
    /// <returns>How many pages were read of it.</returns>
    private static Func<int> Endless(GatewayHost gateway)
    {
        var reads = 0;
        gateway.Grains.Ledger.OnRead = request =>
        {
            Interlocked.Increment(ref reads);
            return Task.FromResult<Contracts.Answer<Contracts.LedgerPage>>(Page(request, more: true));
        };
        return () => Volatile.Read(ref reads);
    }

    private static Contracts.LedgerPage Page(Contracts.LedgerRequest request, bool more)
    {
        var line = FakeLedger.PageOf(request).Lines[0] with { Line = 0, Dimensions = new Dictionary<string, string> { ["note"] = new string('x', 256), ["more"] = new string('y', 256), ["most"] = new string('z', 256) } };
        return new Contracts.LedgerPage
        {
            Lines = [.. Enumerable.Range(1, request.Limit).Select(i => line with { Sequence = request.After + i })],
            More = more,
            OpeningBalance = request.WithBalances ? 0m : null,
            ClosingBalance = request.WithBalances ? 1m : null,
        };
    }

    /// <summary>The gateway has nothing in work any more.</summary>
    private static async Task EndedAsync(GatewayHost gateway)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(Patience);
        while (gateway.Services.GetRequiredService<Admission>().InWork > 0)
        {
            await Task.Delay(10, patience.Token);
        }
    }
}
