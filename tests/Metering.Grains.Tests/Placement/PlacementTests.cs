using System.Diagnostics;
using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Routing;
using Metering.Grains.Tests.Accounts;

namespace Metering.Grains.Tests.Placement;

/// <summary>Accounts live where their partition is owned, through everything that happens to silos.</summary>
public sealed class PlacementTests(ITestOutputHelper output)
{
    private const int Accounts = 200;

    [BoundedFact]
    public async Task Every_account_lives_on_the_owner_of_its_partition()
    {
        await using var cluster = await SiloCluster.StartAsync();
        using var callers = await Callers.StartAsync(cluster, Accounts);
        await callers.SettleAsync();

        await OnTheirOwnersAsync(cluster, callers);
        Assert.All(cluster.Silos, silo => Assert.Contains(callers.Accounts, account => cluster.OwnerOf(account).Equals(silo.SiloAddress)));
        foreach (var silo in cluster.Silos)
        {
            Assert.All(callers.Partitions, partition => Assert.Equal(Owns(cluster, partition, silo.SiloAddress), cluster.JournalOf(silo).IsOpen(partition)));
        }
    }

    [BoundedFact]
    public async Task A_silo_that_joins_gets_its_share_and_no_call_is_lost_or_charged_twice()
    {
        await using var cluster = await SiloCluster.StartAsync();
        using var callers = await Callers.StartAsync(cluster, Accounts);

        var joined = await cluster.JoinAsync();
        await UntilAsync(() => Task.FromResult(
            callers.Partitions.All(partition => Owns(cluster, partition, joined.SiloAddress) == cluster.JournalOf(joined).IsOpen(partition))));

        await ReportAsync(callers, "a silo joined");
        await OnTheirOwnersAsync(cluster, callers);
        Assert.Contains(callers.Accounts, account => cluster.OwnerOf(account).Equals(joined.SiloAddress));
    }

    [BoundedFact]
    public async Task A_silo_that_leaves_hands_over_and_no_call_is_lost_or_charged_twice()
    {
        await using var cluster = await SiloCluster.StartAsync();
        using var callers = await Callers.StartAsync(cluster, Accounts);
        var leaving = cluster.Silos.First();
        Assert.Contains(callers.Accounts, account => cluster.OwnerOf(account).Equals(leaving.SiloAddress));

        await cluster.LeaveAsync(leaving);

        await ReportAsync(callers, "a silo left");
        await OnTheirOwnersAsync(cluster, callers);
    }

    [BoundedFact]
    public async Task A_silo_that_dies_is_replaced_and_no_acknowledged_call_is_lost_or_charged_twice()
    {
        await using var cluster = await SiloCluster.StartAsync();
        using var callers = await Callers.StartAsync(cluster, Accounts);
        var dying = cluster.Silos.Last();

        await cluster.KillAsync(dying);

        await ReportAsync(callers, "a silo died");
        await OnTheirOwnersAsync(cluster, callers);
    }

    [BoundedFact]
    public async Task A_silo_that_dies_takes_no_account_of_another_silo_with_it()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var accounts = Enumerable.Range(0, 100).Select(static number => $"account-{number}").ToArray();
        await Task.WhenAll(accounts.Select(async account => (await Insist.OnAnswer(() => cluster.Account(account).Put(new AccountRequest()))).Granted()));
        var victim = cluster.Silos.Last();
        var elsewhere = accounts.Where(account => !cluster.OwnerOf(account).Equals(victim.SiloAddress)).ToDictionary(static account => account, account => ActivationOf(cluster, account));

        await cluster.KillAsync(victim);
        await Task.WhenAll(accounts.Select(async account => (await Insist.OnAnswer(() => cluster.Account(account).Get())).Granted()));

        Assert.All(elsewhere, before => Assert.True(ReferenceEquals(before.Value, ActivationOf(cluster, before.Key)), $"{before.Key} was awake on a silo that is well, and had to wake up again."));
    }

    [BoundedFact]
    public async Task Silos_that_are_replaced_one_by_one_lose_nothing()
    {
        await using var cluster = await SiloCluster.StartAsync();
        using var callers = await Callers.StartAsync(cluster, Accounts);
        foreach (var old in cluster.Silos.ToList())
        {
            await cluster.JoinAsync();
            await cluster.LeaveAsync(old);
        }

        await ReportAsync(callers, "all three silos were replaced");
        await OnTheirOwnersAsync(cluster, callers);
    }

    private static bool Owns(SiloCluster cluster, int partition, SiloAddress silo) =>
        PartitionOwner.Of(partition, cluster.Silos.Select(static each => each.SiloAddress))!.Equals(silo);

    private async Task ReportAsync(Callers callers, string what)
    {
        var longest = await callers.SettleAsync();
        output.WriteLine($"While {what}: the longest an account had no answer was {longest.TotalMilliseconds:F0} ms; {callers.Retries} calls were sent again, of {Accounts} accounts' callers.");
    }

    /// <summary>Calls every account once more, and waits until each is active on its owner and nowhere else: those that were told to leave take their time.</summary>
    private static async Task OnTheirOwnersAsync(SiloCluster cluster, Callers callers)
    {
        // Silos hear of a change one after the other: until all have, a call may be told to come again.
        var accounts = callers.Accounts;
        await Task.WhenAll(accounts.Select(async account => (await callers.AnsweredAsync(() => cluster.Account(account).Get())).Granted()));
        var due = Stopwatch.GetTimestamp() + (30 * Stopwatch.Frequency);
        Dictionary<string, SiloAddress[]> places;
        do
        {
            places = await cluster.PlacesAsync();
        }
        while (Stopwatch.GetTimestamp() < due && !accounts.All(account => places.GetValueOrDefault(account) is [var place] && place.Equals(cluster.OwnerOf(account))));

        Assert.All(accounts, account => Assert.Equal([cluster.OwnerOf(account)], places.GetValueOrDefault(account) ?? []));
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static AccountGrain? ActivationOf(SiloCluster cluster, string account)
    {
        var owner = cluster.Silos.Single(silo => silo.SiloAddress.Equals(cluster.OwnerOf(account)));
        return cluster.Service<LocalAccounts>(owner).TryGet(account, out var activation) ? activation : null;
    }
}
