using Metering.Contracts;
using Metering.Grains.Tests.Accounts;
using Metering.Grains.Tests.Placement;

namespace Metering.Grains.Tests.Routing;

/// <summary>What gateways rely on: a silo's router is where it is called, and does no more than it can do at once.</summary>
public sealed class ChargeRouterServiceTests
{
    private const int Accounts = 60;

    [BoundedFact]
    public async Task Each_silo_answers_at_its_own_address_and_at_the_one_for_clients()
    {
        await using var cluster = await SiloCluster.StartAsync();

        foreach (var silo in cluster.Silos)
        {
            var round = await Router(cluster, silo.SiloAddress).View();
            var straight = await Router(cluster, round.Gateway).View();

            Assert.Equal([silo.SiloAddress, silo.SiloAddress], [round.Silo, straight.Silo]);
            Assert.Equal(silo.GatewayAddress.Endpoint, round.Gateway.Endpoint);
        }
    }

    [BoundedFact]
    public async Task All_silos_name_the_same_cluster_and_a_newer_one_once_a_silo_has_joined()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var before = await Task.WhenAll(cluster.Silos.Select(silo => Router(cluster, silo.SiloAddress).View()));

        var joined = await cluster.JoinAsync();
        var after = await Router(cluster, joined.SiloAddress).View();

        Assert.All(before, view => Assert.Equal(SiloCluster.Partitions, view.Partitions));
        Assert.All(before, view => Assert.Equal(before.Select(static each => each.Silo).ToHashSet(), view.Active.ToHashSet()));
        Assert.All(before, view => Assert.True(view.Version < after.Version));
        Assert.Contains(joined.SiloAddress, after.Active);
    }

    [BoundedFact]
    public async Task A_silo_charges_the_accounts_it_has_and_leaves_the_others_untouched()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var accounts = await AwakeAsync(cluster);
        var silo = cluster.Silos.First();
        var charges = accounts.SelectMany(static account => new[] { new RoutedCharge(account, Requests.Calls("a", 1m)), new RoutedCharge(account, Requests.Calls("b", 2m)) }).ToArray();

        var answers = (await Router(cluster, silo.SiloAddress).Charge(new ChargeMessage(charges))).Answers;

        var theirs = accounts.Where(account => cluster.OwnerOf(account).Equals(silo.SiloAddress)).ToHashSet();
        Assert.InRange(theirs.Count, 1, Accounts - 1);
        for (var i = 0; i < charges.Length; i++)
        {
            if (theirs.Contains(charges[i].Account))
            {
                var reply = answers[i].Granted();
                Assert.Equal((charges[i].Charge.Id, i % 2 == 0 ? 99m : 97m), (reply.Id, reply.Balance));
            }
            else
            {
                Assert.Equal(default, answers[i]);
            }
        }

        foreach (var account in accounts)
        {
            Assert.Equal(theirs.Contains(account) ? 97m : 100m, (await cluster.Account(account).Get()).Granted().Balance);
        }
    }

    [BoundedFact]
    public async Task What_was_charged_by_a_message_is_charged_by_no_call_again()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var account = (await AwakeAsync(cluster))[0];
        var charge = Requests.Calls("once", 1m);
        var router = Router(cluster, cluster.OwnerOf(account));

        var first = (await router.Charge(new ChargeMessage([new RoutedCharge(account, charge)]))).Answers.Single().Granted();
        var again = (await cluster.Account(account).Charge(charge)).Granted();
        var third = (await router.Charge(new ChargeMessage([new RoutedCharge(account, charge)]))).Answers.Single().Granted();

        Assert.False(first.Replayed);
        Assert.Equal([first with { Replayed = true }, first with { Replayed = true }], [again with { Violations = first.Violations, Crossed = first.Crossed }, third with { Violations = first.Violations, Crossed = first.Crossed }]);
    }

    [BoundedFact]
    public async Task A_message_that_came_too_late_does_nothing()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var account = (await AwakeAsync(cluster))[0];
        AttemptTime.Begin(DateTimeOffset.UtcNow - AttemptTime.Grace - TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));

        var answers = (await Router(cluster, cluster.OwnerOf(account)).Charge(new ChargeMessage([new RoutedCharge(account, Requests.Calls("late", 1m))]))).Answers;

        Assert.Equal([default], answers);
        AttemptTime.Begin(DateTimeOffset.UtcNow, TimeSpan.FromSeconds(10));
        Assert.Equal(100m, (await cluster.Account(account).Get()).Granted().Balance);
    }

    private static IChargeRouterService Router(SiloCluster cluster, SiloAddress address) => cluster.Grains.GetGrain<IChargeRouterService>(ChargeRouting.At(address));

    private static async Task<string[]> AwakeAsync(SiloCluster cluster)
    {
        var accounts = Enumerable.Range(0, Accounts).Select(static number => $"account-{number}").ToArray();
        await Task.WhenAll(accounts.Select(async account =>
        {
            _ = (await Insist.OnAnswer(() => cluster.Account(account).Put(new AccountRequest()))).Granted();
            _ = (await Insist.OnAnswer(() => cluster.Account(account).AddGrant(Requests.Grant(100m)))).Granted();

            // By call, for then its silo has the card.
            _ = (await Insist.OnAnswer(() => cluster.Account(account).Charge(Requests.Calls("first", 0m)))).Granted();
        }));
        return accounts;
    }
}
