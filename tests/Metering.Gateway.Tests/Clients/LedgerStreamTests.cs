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

    /// <summary>Entries that lie between ledger and caller at most: a client's window grows to 16 MiB, a thousand of these have about 1 MB, and five thousand are read at once.</summary>
    private const int MaxEntriesAhead = 40_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ledger_is_read_no_faster_than_it_is_taken_and_no_further_when_nobody_takes_it()
    {
        await using var gateway = await GatewayHost.Start();
        var read = Endless(gateway);
        await using var client = new MeteringClient(gateway.GrpcAddress);
        await using (var pages = client.StreamLedgerAsync("acme", new LedgerQuery(), cancellationToken: Cancellation).GetAsyncEnumerator(Cancellation))
        {
            for (var taken = 1; taken <= 5; taken++)
            {
                Assert.True(await pages.MoveNextAsync());
                Assert.Equal((PageEntries, taken * (long)PageEntries), (pages.Current.Reply!.Entries.Count, pages.Current.Reply.Entries[^1].Sequence));

                // Whoever does not wait for the caller would have read hundreds of thousands meanwhile.
                await Task.Delay(100, Cancellation);
                Assert.True(read() - (taken * PageEntries) <= MaxEntriesAhead, $"{read()} entries were read when {taken} pages were taken.");
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
        gateway.Grains.Ledger.OnRead = request => Task.FromResult<Contracts.Answer<Contracts.LedgerPage>>(Page(request, Pages * PageEntries));
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
            request.After == 0 ? Page(request, long.MaxValue) : (Contracts.Answer<Contracts.LedgerPage>)new Contracts.Refusal { Code = Contracts.Code.DetailNotKept, Detail = "Gone.", Account = "acme" });
        await using var client = new MeteringClient(gateway.GrpcAddress);

        var pages = await client.StreamLedgerAsync("acme", new LedgerQuery(), cancellationToken: Cancellation).ToListAsync(Cancellation);

        Assert.Equal([PageEntries, null], pages.Select(static page => page.Reply?.Entries.Count));
        Assert.Equal(Codes.DetailNotKept, pages[1].Refusal!.Code);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => gateway.Http.GetStringAsync("/v1/accounts/acme/ledger?format=csv", Cancellation));
    }

    [Fact]
    public async Task No_more_callers_read_whole_ledgers_at_the_same_time_than_may_be()
    {
        await using var gateway = await GatewayHost.Start();
        Endless(gateway);
        var streams = Enumerable.Range(0, LedgerPages.MaxAtOnce).Select(_ => gateway.Client.StreamLedger(new V1.ReadLedgerRequest { Account = "acme", Limit = 1 }, cancellationToken: Cancellation)).ToList();
        foreach (var stream in streams)
        {
            Assert.True(await stream.ResponseStream.MoveNext(Cancellation));
        }

        var refused = await gateway.Get("/v1/accounts/acme/ledger?format=csv");
        Assert.Equal("overloaded", refused.Code);
        Assert.Equal("5", refused.Headers.RetryAfter?.ToString());
        Assert.Equal(System.Net.HttpStatusCode.OK, (await gateway.Get("/v1/accounts/acme/ledger")).Status);

        streams.ForEach(static stream => stream.Dispose());
        await EndedAsync(gateway);
        gateway.Grains.Ledger.OnRead = static request => Task.FromResult<Contracts.Answer<Contracts.LedgerPage>>(Page(request, entries: 1));
        Assert.Equal(System.Net.HttpStatusCode.OK, (await gateway.Get("/v1/accounts/acme/ledger?format=csv")).Status);
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
    /// <returns>How many entries were read of it.</returns>
    private static Func<long> Endless(GatewayHost gateway)
    {
        var read = 0L;
        gateway.Grains.Ledger.OnRead = request =>
        {
            Interlocked.Add(ref read, request.Limit);
            return Task.FromResult<Contracts.Answer<Contracts.LedgerPage>>(Page(request, entries: long.MaxValue));
        };
        return () => Volatile.Read(ref read);
    }

    /// <summary>A page of a ledger of so many entries.</summary>
    private static Contracts.LedgerPage Page(Contracts.LedgerRequest request, long entries)
    {
        var line = FakeLedger.PageOf(request).Lines[0] with { Line = 0, Dimensions = new Dictionary<string, string> { ["note"] = new string('x', 256), ["more"] = new string('y', 256), ["most"] = new string('z', 256) } };
        return new Contracts.LedgerPage
        {
            Lines = [.. Enumerable.Range(1, (int)Math.Min(request.Limit, entries - request.After)).Select(i => line with { Sequence = request.After + i })],
            More = request.After + request.Limit < entries,
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
