using Metering.Contracts;
using Metering.Grains.Accounts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Law 10: an account whose bytes do not add up answers quarantined; all others go on.</summary>
public sealed class DamageTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task A_snapshot_with_a_flipped_bit_anywhere_is_never_served()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        await cluster.FundAsync("acme", 10m);
        await cluster.SleepAsync("acme");
        var whole = _world.Snapshots.Bytes("acme");
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x10;
            _world.Snapshots.Change("acme", _ => damaged);
            var answer = await cluster.Account("acme").Get();

            // Some bits of the envelope carry nothing: then everything is as it was. Never another balance, never "not found".
            Assert.True(answer.Reply is { Balance: 10m, Sequence: 2 } || answer.Refusal?.Code is Code.Quarantined, $"Byte {at}: {answer}");
            if (answer.Reply is not null)
            {
                _world.Snapshots.Change("acme", _ => whole);
                await cluster.SleepAsync("acme");
            }

            _world.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        _world.Snapshots.Change("acme", _ => whole);
        Assert.Equal(10m, (await cluster.Account("acme").Get().Granted()).Balance);
    }

    [BoundedFact]
    public Task A_snapshot_whose_bytes_are_gone_is_not_taken_for_a_new_account() =>
        Is_quarantined_after(cluster => Change(cluster, snapshot => new AccountSnapshot { Record = snapshot.Record }));

    [BoundedFact]
    public Task A_snapshot_cut_short_under_a_fitting_checksum_is_quarantined() =>
        Is_quarantined_after(cluster => Change(cluster, snapshot => new AccountSnapshot { Bytes = snapshot.Bytes[..^1], Record = snapshot.Record }.Sealed()));

    [BoundedFact]
    public Task A_snapshot_of_another_account_is_quarantined() => Is_quarantined_after(cluster =>
    {
        var other = cluster.Serializer.Deserialize<AccountSnapshot>(_world.Snapshots.Bytes("globex"))!;
        Change(cluster, _ => other);
    });

    [BoundedFact]
    public async Task A_damaged_chunk_quarantines_its_account_and_no_other()
    {
        await FundAndCrashAsync("acme", "globex");
        _world.Journal.Bytes(World.Log, _world.Journal.Numbers(World.Log)[1])[^1] ^= 1;
        await using var cluster = await AccountCluster.StartAsync(_world);
        var refusals = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => cluster.Account("acme").Get().Refused(Code.Quarantined)));
        Assert.All(refusals, refusal => Assert.Contains("record 2", refusal.Detail, StringComparison.Ordinal));
        Assert.Equal(10m, (await cluster.Account("globex").Get().Granted()).Balance);
        Assert.Equal(9m, (await cluster.Account("globex").Charge(Requests.Calls("c", 1m)).Granted()).Balance);
        await cluster.Account("acme").Charge(Requests.Calls("c", 1m)).Refused(Code.Quarantined);
        await cluster.Account("acme").Put(new AccountRequest()).Refused(Code.Quarantined);
        await cluster.Account("acme").Watch(0, TimeSpan.Zero).Refused(Code.Quarantined);
    }

    [BoundedFact]
    public async Task A_missing_record_quarantines_every_account_of_its_partition()
    {
        await FundAndCrashAsync("acme", "globex");
        _world.Journal.Remove(World.Log, _world.Journal.Numbers(World.Log)[1]);
        await using var cluster = await AccountCluster.StartAsync(_world);
        await cluster.Account("acme").Get().Refused(Code.Quarantined);
        await cluster.Account("globex").Get().Refused(Code.Quarantined);
        await cluster.Account("never-seen").Put(new AccountRequest()).Refused(Code.Quarantined);
    }

    [BoundedFact]
    public async Task An_old_snapshot_put_back_over_a_trimmed_log_is_quarantined()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await cluster.Checkpointed("acme").Checkpoint();
        var old = _world.Snapshots.Bytes("acme");
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        await cluster.Checkpointed("acme").Checkpoint();
        await acme.Charge(Requests.Calls("d", 1m)).Granted();
        _world.Snapshots.WriteFailure = () => new IOException("The disk is full.");
        await cluster.SleepAsync("acme");
        _world.Snapshots.Change("acme", _ => old);
        await acme.Get().Refused(Code.Quarantined);
        await acme.Charge(Requests.Calls("c", 1m)).Refused(Code.Quarantined);
    }

    [BoundedFact]
    public async Task An_account_is_served_again_once_an_operator_has_restored_its_snapshot()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await cluster.SleepAsync("acme");
        var whole = _world.Snapshots.Bytes("acme");
        _world.Snapshots.Change("acme", bytes => bytes[..^4]);
        await acme.Get().Refused(Code.Quarantined);
        _world.Snapshots.Change("acme", _ => whole);
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(10m, (await acme.Get().Granted()).Balance);
    }

    private async Task Is_quarantined_after(Action<AccountCluster> damage)
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        await cluster.FundAsync("acme", 10m);
        await cluster.FundAsync("globex", 10m);
        await cluster.SleepAsync("acme");
        await cluster.SleepAsync("globex");
        damage(cluster);
        await cluster.Account("acme").Get().Refused(Code.Quarantined);
        await cluster.Account("acme").Put(new AccountRequest()).Refused(Code.Quarantined);
        Assert.Equal(10m, (await cluster.Account("globex").Get().Granted()).Balance);
    }

    private async Task FundAndCrashAsync(params string[] accounts)
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        foreach (var account in accounts)
        {
            await cluster.FundAsync(account, 10m);
        }

        cluster.Crash();
    }

    private void Change(AccountCluster cluster, Func<AccountSnapshot, AccountSnapshot> change) => _world.Snapshots.Change(
        "acme", bytes => cluster.Serializer.SerializeToArray(change(cluster.Serializer.Deserialize<AccountSnapshot>(bytes)!)));
}
