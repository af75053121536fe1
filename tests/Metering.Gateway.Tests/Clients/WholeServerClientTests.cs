using Metering.Client;

namespace Metering.Gateway.Tests.Clients;

/// <summary>The client library against the real server, whose connections break and which goes away and comes back.</summary>
public sealed class WholeServerClientTests
{
    private const decimal UnitPrice = 0.01m;
    private const decimal Granted = 1_000m;

    private static readonly MeteringClientOptions Patient = new()
    {
        Deadline = TimeSpan.FromSeconds(60),
        FirstDelay = TimeSpan.FromMilliseconds(5),
        MaxDelay = TimeSpan.FromMilliseconds(100),
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousands_of_charges_over_breaking_streams_and_a_restart_are_each_charged_exactly_once()
    {
        const int Charges = 6_000;
        string[] accounts = [.. Enumerable.Range(0, 20).Select(i => $"acme-{i}")];
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);
        await Fund(client, accounts);
        var milestones = Enumerable.Range(1, 5).Select(i => (At: i * 800, Reached: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))).ToArray();
        var answered = 0;

        var charging = Task.WhenAll(Enumerable.Range(0, Charges).Select(async i =>
        {
            var answer = await client.ChargeAsync(accounts[i % accounts.Length], Charge.Of($"req-{i}", "calls", 1m), Cancellation);
            var count = Interlocked.Increment(ref answered);
            foreach (var milestone in milestones.Where(milestone => milestone.At == count))
            {
                milestone.Reached.SetResult();
            }

            return answer;
        }));
        for (var i = 0; i < milestones.Length; i++)
        {
            await milestones[i].Reached.Task.WaitAsync(Cancellation);
            if (i == 2)
            {
                await server.Restart();
            }
            else
            {
                server.Cut();
            }
        }

        var answers = await charging;
        Assert.All(answers, answer => Assert.True(answer.Reply is not null, $"A charge was refused: {answer.Refusal}"));
        Assert.Equal(Enumerable.Range(0, Charges).Select(i => $"req-{i}"), answers.Select(answer => answer.Reply!.Id));
        foreach (var (account, i) in accounts.Select((account, i) => (account, i)))
        {
            // 300 charges of one call each at 0.01: 3 credits of 1,000, each in an entry of its own.
            var read = (await client.GetAccountAsync(account, Cancellation)).Reply!;
            Assert.Equal((997m, 300m), (read.Balance, Assert.Single(read.Counters).Quantity));
            Assert.Equal(300, answers.Where((_, at) => at % accounts.Length == i).Select(answer => answer.Reply!.Sequence).Distinct().Count());
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Charges_whose_answers_were_lost_get_the_original_answers(bool numbered)
    {
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);
        await using var observer = new MeteringClient(server.DirectAddress, Patient);
        await Fund(client, "acme");
        var producer = client.Producer("chat-1");
        Task<Answer<ChargeReply>> Send(int i) => numbered
            ? producer.ChargeAsync("acme", Usage.Of("calls", 1m), Cancellation)
            : client.ChargeAsync("acme", Charge.Of($"req-{i}", "calls", 1m), Cancellation);
        Assert.NotNull((await Send(0)).Reply);

        server.LoseAnswers();
        var charging = Task.WhenAll(Enumerable.Range(1, 500).Select(Send));
        var charged = await Charged(observer, 2m);
        server.Cut();
        var answers = await charging;

        Assert.All(answers, answer => Assert.NotNull(answer.Reply));
        Assert.True(answers.Count(answer => answer.Reply!.Replayed) >= charged - 1m, "What was charged before the cut is not charged again.");
        Assert.Equal(501m, await Charged(observer, 501m));
        Assert.Equal(500, answers.Select(answer => answer.Reply!.Sequence).Distinct().Count());
    }

    [Fact]
    public async Task A_producers_charges_over_breaking_streams_are_each_charged_exactly_once()
    {
        string[] accounts = ["acme", "bolt", "core"];
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);
        await Fund(client, accounts);
        var producer = client.Producer("chat-1", firstSequence: 1);
        var milestone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answered = 0;

        var charging = Task.WhenAll(Enumerable.Range(0, 3_000).Select(async i =>
        {
            var answer = await producer.ChargeAsync(accounts[i % 3], Usage.Of("calls", 2m), Cancellation);
            if (Interlocked.Increment(ref answered) == 500)
            {
                milestone.SetResult();
            }

            return answer;
        }));
        await milestone.Task.WaitAsync(Cancellation);
        server.Cut();
        var answers = await charging;

        Assert.All(answers, answer => Assert.True(answer.Reply is not null, $"A charge was refused: {answer.Refusal}"));
        foreach (var account in accounts)
        {
            // 1,000 charges of two calls each at 0.01: 20 credits of 1,000.
            Assert.Equal(980m, (await client.GetAccountAsync(account, Cancellation)).Reply!.Balance);
        }

        Assert.True(producer.HighestSequence >= 1_000, "An account's charges are numbered one by one.");
        var last = answers[^1].Reply!;
        var sent = ChargeId.Numbered("chat-1", long.Parse(last.Id["chat-1:".Length..], System.Globalization.CultureInfo.InvariantCulture));
        var again = await client.ChargeAsync("core", new Charge { Id = sent, Lines = [new ChargeLine("calls", 2m)] }, Cancellation);
        Assert.True(again.Reply is { Replayed: true } || again.Refusal is { Code: Codes.TooOld }, "A number is never charged twice.");
        Assert.Equal(980m, (await client.GetAccountAsync("core", Cancellation)).Reply!.Balance);
    }

    [Fact]
    public async Task A_watch_goes_on_by_itself_and_tells_every_change_once()
    {
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);
        await Fund(client, "acme");
        await using var watch = client.WatchAsync("acme", cancellationToken: Cancellation).GetAsyncEnumerator(Cancellation);

        var position = Assert.IsType<AccountPosition>(await Next(watch));
        Assert.Equal((Granted, Granted), (position.Balance, position.Available));
        for (var i = 0; i < 10; i++)
        {
            Assert.NotNull((await client.ChargeAsync("acme", Charge.Of($"a{i}", "calls", 1m), Cancellation)).Reply);
        }

        for (var i = 0; i < 5; i++)
        {
            Assert.Equal((position.Sequence + 1 + i, $"a{i}", -UnitPrice), Told(await Next(watch)));
        }

        server.Cut();
        Assert.NotNull((await client.ChargeAsync("acme", Charge.Of("a10", "calls", 1m), Cancellation)).Reply);
        for (var i = 5; i <= 10; i++)
        {
            Assert.Equal((position.Sequence + 1 + i, $"a{i}", -UnitPrice), Told(await Next(watch)));
        }
    }

    [Fact]
    public async Task A_watch_outlives_the_server_and_is_told_what_it_missed()
    {
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);
        await Fund(client, "acme");
        await using var watch = client.WatchAsync("acme", cancellationToken: Cancellation).GetAsyncEnumerator(Cancellation);
        var position = Assert.IsType<AccountPosition>(await Next(watch));

        await server.Restart();
        Assert.NotNull((await client.ChargeAsync("acme", Charge.Of("a", "calls", 1m), Cancellation)).Reply);

        // Whether the watch was back before the charge is a matter of luck; that the charge is not lost on it is not.
        var next = await Next(watch);
        Assert.True(
            next is AccountChange { Subject: "a" } or ChangesSkipped && next.Sequence == position.Sequence + 1,
            $"The next event was to be the charge, or to skip it: {next}");
    }

    [Fact]
    public async Task Watching_an_account_that_is_not_there_ends_with_the_refusal()
    {
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);

        var events = await client.WatchAsync("nobody", cancellationToken: Cancellation).ToListAsync(Cancellation);

        Assert.Equal(Codes.AccountNotFound, Assert.IsType<WatchRefused>(Assert.Single(events)).Refusal.Code);
    }

    [Fact]
    public async Task Everything_the_api_has_works_through_the_client()
    {
        await using var server = await RestartableServer.Start();
        await using var client = new MeteringClient(server.Address, Patient);
        await Fund(client, "acme");
        var team = new Dictionary<string, string> { ["team"] = "search" };

        // A hold of 300 calls at 0.01 sets 3 credits aside; 100 calls of it are 1 credit, and 2 come back.
        var held = (await client.PlaceHoldAsync("acme", Hold.ForQuantity("h1", "calls", 300m, team) with { TimeToLive = TimeSpan.FromMinutes(1) }, Cancellation)).Reply!;
        Assert.Equal((3m, 1_000m, 997m), (held.Credits, held.Balance, held.Available));
        var settled = (await client.SettleHoldAsync("acme", "h1", Settle.OfQuantity("s1", 100m) with { Explain = true }, Cancellation)).Reply!;
        Assert.Equal((SettleOutcome.Settled, 1m, 2m, 999m), (settled.Outcome, settled.Credits, settled.Released, settled.Available));
        Assert.Equal("calls", Assert.Single(settled.Explanation).Meter);
        Assert.Equal(Codes.HoldClosed, (await client.SettleHoldAsync("acme", "h1", Settle.OfCredits("s2", 1m), Cancellation)).Refusal!.Code);

        await client.PlaceHoldAsync("acme", Hold.ForCredits("h2", 5m), Cancellation);
        Assert.Equal(Codes.HoldsOpen, (await client.CloseAccountAsync("acme", Cancellation)).Refusal!.Code);
        Assert.Equal(("h2", 5m), (await client.GetAccountAsync("acme", Cancellation)).Reply!.Holds.Select(hold => (hold.Hold, hold.Credits)).Single());
        Assert.Equal(SettleOutcome.Released, (await client.ReleaseHoldAsync("acme", "h2", "r2", Cancellation)).Reply!.Outcome);

        // 40 of the 100 calls are given back: 0.4 credits.
        var reversed = (await client.ReverseAsync("acme", "s1", "v1", 40m, Cancellation)).Reply!;
        Assert.Equal((0.4m, 999.4m), (reversed.Credits, reversed.Balance));
        Assert.Equal((0.4m, "h1"), ((await client.GetChargeAsync("acme", "s1", Cancellation)).Reply!.Reversed, (await client.GetChargeAsync("acme", "s1", Cancellation)).Reply!.Hold));
        Assert.Equal(Codes.ExceedsCharge, (await client.ReverseAsync("acme", "s1", "v2", 61m, Cancellation)).Refusal!.Code);

        // A budget of 2 credits a day is half spent after 100 calls, and refuses 101 more.
        var budget = new Budget { Dimensions = team, Window = BudgetWindow.Day, Limit = 2m, Thresholds = [50, 100], Action = BudgetAction.Block };
        Assert.Equal(2m, (await client.PutBudgetAsync("acme", "search", budget, Cancellation)).Reply!.Budget.Limit);
        var charged = (await client.ChargeAsync("acme", Charge.Of("c1", "calls", 100m, team) with { Explain = true }, Cancellation)).Reply!;
        Assert.Equal(new CrossedThreshold("search", 50), Assert.Single(charged.Crossed));
        Assert.Equal(("plan", 1m), (Assert.Single(charged.Burned).Grant, Assert.Single(charged.Burned).Credits));
        Assert.Equal(Codes.BudgetExceeded, (await client.ChargeAsync("acme", Charge.Of("c2", "calls", 101m, team), Cancellation)).Refusal!.Code);
        Assert.Equal(1m, Assert.Single((await client.DeleteBudgetAsync("acme", "search", Cancellation)).Reply!.Counters).Spent);
        Assert.Equal(Codes.BudgetNotFound, (await client.DeleteBudgetAsync("acme", "search", Cancellation)).Refusal!.Code);

        var warned = (await client.PutPolicyAsync("acme", new Policy { BlockedMeters = ["cals"], RateLimits = [new RateLimit("calls", 10m, 60, 20m)] }, Cancellation)).Reply!;
        Assert.Equal((20m, "cals fits no meter of the rate card plain."), (Assert.Single(warned.RateLimitsLeft), Assert.Single(warned.Warnings)));
        await client.PutPolicyAsync("acme", new Policy { Frozen = true }, Cancellation);
        Assert.Equal(Codes.AccountFrozen, (await client.ChargeAsync("acme", Charge.Of("c3", "calls", 1m), Cancellation)).Refusal!.Code);
        Assert.Equal(AccountStatus.Frozen, (await client.GetAccountAsync("acme", Cancellation)).Reply!.Status);
        await client.PutPolicyAsync("acme", new Policy(), Cancellation);

        Assert.Equal(0.5m, (await client.QuoteAsync("acme", Usage.Of("calls", 50m), cancellationToken: Cancellation)).Reply!.Credits);
        Assert.Equal(100m, (await client.QuoteAsync("acme", Usage.Of("calls", 50m), Card(2m), Cancellation)).Reply!.Credits);
        Assert.Equal((1, UnitPrice), ((await client.GetRateCardAsync("plain", 1, Cancellation)).Reply!.Version, (await client.GetRateCardAsync("plain", cancellationToken: Cancellation)).Reply!.Card.Meters[0].Prices[0].UnitPrice));

        var monthly = new Grant { Id = "monthly", Amount = 10m, Recurrence = new Recurrence(PeriodUnit.Month), Rollover = new Rollover(Maximum: 5m) };
        Assert.Equal(10m, (await client.AddGrantAsync("acme", monthly, Cancellation)).Reply!.Credits);
        var grants = (await client.ListGrantsAsync("acme", Cancellation)).Reply!;
        Assert.Equal((PeriodUnit.Month, 5m), (grants.Single(grant => grant.Grant.Id == "monthly").Grant.Recurrence!.Every, grants.Single(grant => grant.Grant.Id == "monthly").Grant.Rollover!.Maximum));
        Assert.NotNull(grants.Single(grant => grant.Grant.Id == "monthly").NextRefillAt);
        Assert.Equal(10m, (await client.VoidGrantAsync("acme", "monthly", Cancellation)).Reply!.Credits);

        Assert.Equal("acme", Assert.Single((await client.ListAccountsAsync("ac", cancellationToken: Cancellation)).Reply!.Accounts).Id);
        Assert.Equal(AccountStatus.Closed, (await client.CloseAccountAsync("acme", Cancellation)).Reply!.Status);
        Assert.Equal(Codes.AccountClosed, (await client.ChargeAsync("acme", Charge.Of("c4", "calls", 1m), Cancellation)).Refusal!.Code);
    }

    private static async Task Fund(MeteringClient client, params string[] accounts)
    {
        Assert.NotNull((await client.PublishRateCardAsync("plain", Card(UnitPrice), Cancellation)).Reply);
        foreach (var account in accounts)
        {
            Assert.NotNull((await client.PutAccountAsync(account, new AccountSettings { RateCard = "plain" }, Cancellation)).Reply);
            Assert.NotNull((await client.AddGrantAsync(account, new Grant { Id = "plan", Amount = Granted }, Cancellation)).Reply);
        }
    }

    /// <summary>Calls counted by the account, as soon as there are so many.</summary>
    private static async Task<decimal> Charged(MeteringClient observer, decimal atLeast)
    {
        while (true)
        {
            if ((await observer.GetAccountAsync("acme", Cancellation)).Reply!.Counters.SingleOrDefault()?.Quantity is { } quantity && quantity >= atLeast)
            {
                return quantity;
            }
        }
    }

    private static RateCard Card(decimal unitPrice) =>
        new() { Meters = [new Meter("calls", "call", [new Price { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = unitPrice }])] };

    private static async Task<AccountEvent> Next(IAsyncEnumerator<AccountEvent> watch)
    {
        Assert.True(await watch.MoveNextAsync());
        return watch.Current;
    }

    private static (long Sequence, string? Subject, decimal Credits) Told(AccountEvent told)
    {
        var change = Assert.IsType<AccountChange>(told);
        return (change.Sequence, change.Subject, change.Credits);
    }
}
