using System.Diagnostics;
using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Tests.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Two processes on one store: who has lost an account without knowing answers nothing from memory; who lets go of a partition does it fast.</summary>
public sealed class OwnershipTests
{
    private const int Active = 3_000;

    private readonly World _world = new(new FaultyJournalStore { IsShared = true });

    [BoundedFact]
    public async Task Read_that_follows_a_charge_at_another_owner_never_shows_the_balance_before_it()
    {
        await using var former = await AccountCluster.StartPricedAsync(_world);
        var stale = await former.FundAsync("acme", 10m);
        Assert.Equal(10m, (await stale.Get().Granted()).Balance);
        await using var latter = await AccountCluster.StartAsync(_world);
        Assert.Equal(9m, (await latter.Account("acme").Charge(Requests.Calls("c", 1m)).Granted()).Balance);

        Assert.Equal(TimeSpan.FromMilliseconds(50), (await stale.Get().Refused(Code.Unavailable)).RetryAfter);
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(9m, (await stale.Get().Granted()).Balance);
    }

    [BoundedFact]
    public Task Refusal_that_follows_a_grant_at_another_owner_is_not_given() => Is_not_answered_from_memory(
        acme => acme.Charge(Requests.Calls("big", 15m)));

    [BoundedFact]
    public Task Batch_of_refusals_that_follows_a_grant_at_another_owner_is_not_given() => Is_not_answered_from_memory(
        async acme => (await acme.ChargeMany([Requests.Calls("big", 15m), Requests.Calls("bigger", 16m)]))[1]);

    [BoundedFact]
    public Task Watch_page_that_follows_a_grant_at_another_owner_is_not_given() => Is_not_answered_from_memory(
        acme => acme.Watch(0, TimeSpan.Zero));

    [BoundedFact]
    public Task Account_that_another_owner_has_created_is_not_said_to_be_missing() => Is_not_answered_from_memory(
        acme => acme.GetCharge("c"), account: "globex");

    [BoundedFact]
    public async Task While_the_store_cannot_be_asked_reads_are_unavailable_and_the_account_stays()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Journal.IsDown = true;
        await acme.Get().Refused(Code.Unavailable);
        _world.Journal.IsDown = false;
        Assert.Equal(10m, (await acme.Get().Granted()).Balance);
    }

    [BoundedFact]
    public async Task Partition_with_thousands_of_active_accounts_is_let_go_at_once_without_their_snapshots()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        await Task.WhenAll(Enumerable.Range(0, Active).Select(number => cluster.FundAsync($"account-{number}", 10m)));
        var landed = _world.Snapshots.Landed.Count;
        var clock = Stopwatch.StartNew();
        await cluster.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        var released = clock.Elapsed;
        var management = cluster.Grains.GetGrain<IManagementGrain>(0);
        while ((await management.GetSimpleGrainStatistics()).Where(grain => grain.GrainType.Contains(nameof(AccountGrain), StringComparison.Ordinal)).Sum(grain => grain.ActivationCount) > 0)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{Active} active accounts: the log was free after {released.TotalMilliseconds:0.0} ms, the last of them had left after {clock.Elapsed.TotalMilliseconds:0} ms.");
        Assert.Equal(landed, _world.Snapshots.Landed.Count);
        Assert.Equal(10m, (await cluster.Account("account-0").Get().Granted()).Balance);
    }

    private async Task Is_not_answered_from_memory<T>(Func<IAccountGrain, Task<Answer<T>>> ask, string account = "acme")
        where T : class
    {
        await using var former = await AccountCluster.StartPricedAsync(_world);
        await former.FundAsync("acme", 10m);
        var stale = former.Account(account);
        await ask(stale);
        await using var latter = await AccountCluster.StartAsync(_world);
        (await latter.Account(account).Put(new AccountRequest())).Granted();
        (await latter.Account(account).AddGrant(Requests.Grant(10m, "more"))).Granted();
        await ask(stale).Refused(Code.Unavailable);
    }
}
