using System.Collections.Concurrent;
using System.Text;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;
using SiloJournal = Metering.Grains.Journal.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>The journal as a part of a real silo.</summary>
public sealed class JournalInSiloTests
{
    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task Sleeping_account_is_woken_as_a_grain_and_what_accounts_append_while_the_silo_stops_is_durable()
    {
        var woken = new ConcurrentQueue<string>();
        await using (var cluster = await StartAsync(woken))
        {
            await Entries.Until(() => woken.Contains("acme"));
        }

        // The grain appends once when it is asked and once when it deactivates: the journal stops after it.
        using var next = new TestSilo(_store);
        Assert.Equal("asked;deactivated;", string.Concat((await next.Open("acme")).Tail.Text()));
    }

    [Fact]
    public async Task Silo_set_to_another_number_of_partitions_does_not_start()
    {
        using (var silo = new TestSilo(_store, new JournalOptions { Partitions = 2 }))
        {
            await silo.Open("acme");
        }

        var refused = await Assert.ThrowsAnyAsync<Exception>(() => StartAsync([]));
        Assert.Contains("set Partitions to 2", refused.ToString(), StringComparison.Ordinal);
    }

    private async Task<InProcessTestCluster> StartAsync(ConcurrentQueue<string> woken)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<IJournalStore>(_store);
            silo.Services.AddSingleton(woken);
            silo.Services.AddSingleton<ICheckpointCaller, WokenAccountCaller>();
            silo.Services.AddJournal(options => options.CheckpointInterval = TimeSpan.FromMilliseconds(50));
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        var journal = cluster.Silos[0].ServiceProvider.GetRequiredService<SiloJournal>();
        using var account = await journal.OpenAsync("acme", TestContext.Current.CancellationToken);
        await account.Append(1, "asked;");
        return cluster;
    }
}

/// <summary>An interface of its own, so that the product's has one implementation in every cluster of these tests.</summary>
[Alias("metering.tests.IWokenAccount")]
internal interface IWokenAccount : IGrainWithStringKey
{
    [Alias("Checkpoint")]
    Task Checkpoint();
}

internal sealed class WokenAccountCaller(IGrainFactory grains) : ICheckpointCaller
{
    public Task Checkpoint(string account) => grains.GetGrain<IWokenAccount>(account).Checkpoint();
}

/// <summary>Just enough of an account to be woken and to have a last word.</summary>
internal sealed class WokenAccount(SiloJournal journal, ConcurrentQueue<string> woken) : Grain, IWokenAccount
{
    private AccountJournal _journal = null!;

    public override async Task OnActivateAsync(CancellationToken cancellationToken) =>
        _journal = await journal.OpenAsync(this.GetPrimaryKeyString(), cancellationToken);

    public Task Checkpoint()
    {
        woken.Enqueue(this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _ = _journal.Append(2, Encoding.UTF8.GetBytes("deactivated;"));
        _journal.Close();
        return Task.CompletedTask;
    }
}
