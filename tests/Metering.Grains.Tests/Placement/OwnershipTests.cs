using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Grains.Placement;
using Metering.Grains.Tests.Accounts;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Placement;

namespace Metering.Grains.Tests.Placement;

/// <summary>What a silo refuses because it is not its to do, and what is listed of many silos.</summary>
public sealed class OwnershipTests
{
    [BoundedFact]
    public async Task A_silo_that_is_not_the_owner_does_not_keep_the_account_and_the_owner_answers()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var account = Enumerable.Range(0, 1000).Select(number => $"account-{number}").First(id => cluster.OwnerOf(id).Equals(cluster.Silos.First().SiloAddress));
        (await cluster.Account(account).Put(new AccountRequest())).Granted();
        foreach (var other in cluster.Silos.Skip(1))
        {
            await Assert.ThrowsAsync<JournalUnavailableException>(() => cluster.JournalOf(other).OpenAsync(account, TestContext.Current.CancellationToken));
            await Assert.ThrowsAsync<JournalUnavailableException>(() => cluster.JournalOf(other).AccountsInTailAsync(
                AccountPartition.Of(account, SiloCluster.Partitions), "", "", 10, TestContext.Current.CancellationToken));
        }

        Assert.Equal([cluster.OwnerOf(account)], (await cluster.PlacesAsync())[account]);
    }

    [BoundedFact]
    public async Task Where_an_account_lives_is_worked_out_and_kept_by_no_silo_that_could_die_with_it()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var accounts = Enumerable.Range(0, 20).Select(static number => $"account-{number}").ToArray();
        await Task.WhenAll(accounts.Select(async account => (await Insist.OnAnswer(() => cluster.Account(account).Put(new AccountRequest()))).Granted()));

        Assert.All(await Task.WhenAll(accounts.Select(cluster.RememberedPlaceAsync)), Assert.Null);
        Assert.All(await cluster.PlacesAsync(), account => Assert.Equal([cluster.OwnerOf(account.Key)], account.Value));
    }

    [BoundedFact]
    public async Task An_account_placed_on_a_silo_that_does_not_own_it_is_sent_away()
    {
        // One silo: it owns everything until it is told that it does not.
        var ownership = new SwitchedOwnership();
        await using var cluster = await SiloCluster.StartAsync(silos: 1, silo => silo.Services.AddSingleton<IPartitionOwnership>(ownership));
        (await cluster.Account("acme").Put(new AccountRequest())).Granted();

        ownership.OwnsAll = false;
        await Assert.ThrowsAnyAsync<OrleansException>(() => cluster.Account("other").Put(new AccountRequest()));
        Assert.DoesNotContain("other", (await cluster.PlacesAsync()).Keys);
        Assert.Null((await cluster.Account("acme").Get()).Refusal);

        ownership.OwnsAll = true;
        (await cluster.Account("other").Put(new AccountRequest())).Granted();
    }

    [BoundedFact]
    public async Task The_list_has_every_account_of_every_silo_in_pages()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var accounts = Enumerable.Range(0, 250).Select(number => $"account-{number:D3}").ToArray();
        await Task.WhenAll(accounts.Select(async account => (await Insist.OnAnswer(() => cluster.Account(account).Put(new AccountRequest()))).Granted()));

        // Some are only in a tail, and some have a snapshot.
        await Task.WhenAll(accounts[..100].Select(account => cluster.Service<IGrainFactory>(cluster.Silos.First()).GetGrain<ICheckpointedAccount>(account).Checkpoint()));
        Assert.True(cluster.Snapshots.Has(accounts[0]));

        Assert.Equal(accounts, await ListAsync(cluster, "", pageSize: 7));
        Assert.Equal(accounts, await ListAsync(cluster, "account-", pageSize: 1000));
        Assert.Equal(accounts[10..20], await ListAsync(cluster, "account-01", pageSize: 3));
        Assert.Empty(await ListAsync(cluster, "b", pageSize: 3));
    }

    [BoundedFact]
    public async Task The_list_is_whole_right_after_all_silos_but_one_have_left()
    {
        await using var cluster = await SiloCluster.StartAsync();
        var accounts = Enumerable.Range(0, 50).Select(number => $"account-{number:D2}").ToArray();
        await Task.WhenAll(accounts.Select(async account => (await Insist.OnAnswer(() => cluster.Account(account).Put(new AccountRequest()))).Granted()));
        foreach (var silo in cluster.Silos.Skip(1).ToList())
        {
            await cluster.LeaveAsync(silo);
        }

        // A list may fail while partitions are on their way; one that is given is whole.
        while (true)
        {
            try
            {
                Assert.Equal(accounts, await ListAsync(cluster, "", pageSize: 20));
                return;
            }
            catch (Exception failure) when (failure is OrleansException or TimeoutException or JournalUnavailableException)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
    }

    [BoundedFact]
    public async Task What_speaks_for_an_account_follows_its_partition_and_is_refused_once_at_most()
    {
        await using var cluster = await SiloCluster.StartAsync(silos: 2);

        // Each silo remembers for itself where it found them.
        var asking = cluster.Silos.Select(cluster.Service<IGrainFactory>).ToArray();
        var accounts = Enumerable.Range(0, 60).Select(static number => $"account-{number}").ToArray();
        foreach (var account in accounts)
        {
            (await cluster.Account(account).Put(new AccountRequest())).Granted();
            (await cluster.Account(account).AddGrant(Requests.Grant(1m))).Granted();
        }

        await AskAsync(accounts);

        var joined = await cluster.JoinAsync();
        var moved = accounts.Where(account => cluster.OwnerOf(account).Equals(joined.SiloAddress)).ToArray();
        Assert.NotEmpty(moved);
        foreach (var account in moved)
        {
            (await Insist.OnAnswer(() => cluster.Account(account).Get())).Granted();
        }

        // The first time it may be where the partition was.
        await AskAsync(moved);
        Assert.All(await AskAsync(moved), static answer => Assert.Null(answer.Refusal));

        Task<Answer<AccountView>[]> AskAsync(string[] whom) =>
            Task.WhenAll(asking.SelectMany(silo => whom.Select(account => silo.GetGrain<IAccountHistoryGrain>(account).GetAfter(1))));
    }

    [BoundedFact]
    public async Task A_partition_that_cannot_be_asked_fails_the_list_instead_of_shortening_it()
    {
        await using var cluster = await SiloCluster.StartAsync();
        (await cluster.Account("acme").Put(new AccountRequest())).Granted();
        cluster.Journal.IsDown = true;

        await Assert.ThrowsAnyAsync<Exception>(() => cluster.Grains.GetGrain<IAccountDirectoryGrain>(0).List("", "", 10));

        cluster.Journal.IsDown = false;
    }

    [BoundedFact]
    public async Task No_snapshot_is_written_of_an_account_that_the_index_could_not_be_told_of()
    {
        await using var cluster = await SiloCluster.StartAsync(silos: 1);
        var checkpointed = cluster.Service<IGrainFactory>(cluster.Silos.First()).GetGrain<ICheckpointedAccount>("acme");
        (await cluster.Account("acme").Put(new AccountRequest())).Granted();

        cluster.Index.AddFailure = () => new JournalStoreException("The index is away.");
        await checkpointed.Checkpoint();
        Assert.False(cluster.Snapshots.Has("acme"));

        cluster.Index.AddFailure = null;
        await checkpointed.Checkpoint();
        Assert.True(cluster.Snapshots.Has("acme"));
        Assert.Equal(["acme"], await cluster.Index.ListAsync("", "", 10, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Every_grain_has_its_placement_said()
    {
        // The default looks at load, and a partition's accounts would be anywhere.
        var grains = typeof(AccountGrain).Assembly.GetTypes().Where(static type => type.IsAssignableTo(typeof(Grain)) && !type.IsAbstract);
        Assert.All(grains, grain => Assert.True(
            grain.GetCustomAttributes(typeof(PlacementAttribute), inherit: true).Length == 1, $"{grain.Name} does not say where it is to be placed."));
        Assert.NotEmpty(typeof(AccountGrain).GetCustomAttributes(typeof(AccountPlacementAttribute), inherit: false));
    }

    private static async Task<List<string>> ListAsync(SiloCluster cluster, string prefix, int pageSize)
    {
        var listed = new List<string>();
        while (true)
        {
            var page = await cluster.Grains.GetGrain<IAccountDirectoryGrain>(0).List(prefix, listed.LastOrDefault() ?? "", pageSize);
            listed.AddRange(page.Accounts);
            if (!page.More)
            {
                return listed;
            }

            Assert.Equal(pageSize, page.Accounts.Count);
        }
    }

    private sealed class SwitchedOwnership : IPartitionOwnership
    {
        internal bool OwnsAll { get; set; } = true;

        public bool IsMine(int partition) => OwnsAll;
    }
}
