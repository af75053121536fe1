using Metering.Contracts;
using Metering.Grains.Tests.Journal;

namespace Metering.Grains.Tests.Accounts;

/// <summary>When snapshots are written, what is in them, and that charging never depends on them.</summary>
public sealed class SnapshotTests
{
    private readonly World _world = new();

    [BoundedFact]
    public async Task A_snapshot_that_falls_due_during_an_append_waits_for_it()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.MinSnapshotTailBytes = 1);
        var acme = await cluster.FundAsync("acme", 10m);
        await cluster.Checkpointed("acme").Checkpoint();
        _world.Journal.Holds = true;
        var lengthy = Enumerable.Range(0, 20).Select(i => acme.Charge(Requests.Calls($"c{i}", 0.1m))).ToArray();
        var held = await _world.Journal.NextHeldAsync();
        await cluster.TurnsTakenAsync("acme");
        Assert.Equal(2, _world.Snapshots.Recall("acme", cluster.Serializer).Sequence);

        // It does not land: the account must not be found with charges that nobody was told of.
        held.Let(AppendFate.Dropped);
        await Task.WhenAll(lengthy.Select(charge => charge.Refused(Code.Unavailable)));
        _world.Journal.Holds = false;
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        var view = await acme.Get().Granted();
        Assert.Equal((10m, 2L), (view.Balance, view.Sequence));
        Assert.Equal(2, _world.Snapshots.Recall("acme", cluster.Serializer).Sequence);
    }

    [BoundedFact]
    public async Task A_snapshot_is_written_when_the_journaled_bytes_outgrow_their_limit()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.MinSnapshotTailBytes = 4_000);
        var acme = await cluster.FundAsync("acme", 1_000m);
        var charges = 0;
        while (_world.Snapshots.Landed.IsEmpty)
        {
            await acme.Charge(Requests.Calls($"c{charges++}", 1m)).Granted();
        }

        // An entry of such a charge takes between 40 and 400 bytes.
        Assert.InRange(charges, 4_000 / 400, 4_000 / 40);
        Assert.Equal("acme", await _world.Snapshots.NextLandedAsync());
    }

    [BoundedFact]
    public async Task A_snapshot_is_written_when_the_interval_has_passed_and_the_account_changes()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings =>
        {
            settings.Accounts.SnapshotInterval = TimeSpan.FromMinutes(5);
            settings.Journal.CheckpointInterval = TimeSpan.FromHours(24);
        });
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Clock.Advance(TimeSpan.FromMinutes(5));
        await acme.Charge(Requests.Calls("exactly", 1m)).Granted();
        Assert.Empty(_world.Snapshots.Landed);
        _world.Clock.Advance(TimeSpan.FromTicks(1));
        await acme.Charge(Requests.Calls("over", 1m)).Granted();
        Assert.Equal("acme", await _world.Snapshots.NextLandedAsync());
        Assert.Equal(8m, _world.Snapshots.Recall("acme", cluster.Serializer).Balance.Value);
    }

    [BoundedFact]
    public async Task A_sleeping_account_that_pins_the_log_is_woken_by_the_checkpoint_and_the_log_trimmed()
    {
        await using (var first = await AccountCluster.StartPricedAsync(_world))
        {
            await first.FundAsync("acme", 10m);
            first.Crash();
        }

        Assert.False(_world.Snapshots.Has("acme"));
        await using var cluster = await AccountCluster.StartAsync(_world);

        // Somebody else's call opens the partition; acme's entries are old by then.
        await cluster.Account("globex").Get().Refused(Code.AccountNotFound);
        _world.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("acme", await _world.Snapshots.NextLandedAsync());
        while (_world.Journal.Numbers(World.Log)[0] <= 3)
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(4));
            await cluster.TurnsTakenAsync("globex");
        }

        Assert.Equal(10m, (await cluster.Account("acme").Get().Granted()).Balance);
    }

    [BoundedFact]
    public async Task A_snapshot_is_written_when_the_account_falls_asleep()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        await cluster.FundAsync("acme", 10m);
        await cluster.SleepAsync("acme");
        Assert.Equal(10m, _world.Snapshots.Recall("acme", cluster.Serializer).Balance.Value);
    }

    [BoundedFact]
    public async Task While_the_snapshot_store_fails_charging_goes_on_and_nothing_is_trimmed_until_a_later_try_succeeds()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings =>
        {
            settings.Accounts.MinSnapshotTailBytes = 1;
            settings.Accounts.SnapshotRetryDelay = TimeSpan.FromSeconds(5);
            settings.Journal.CheckpointInterval = TimeSpan.FromHours(24);
        });
        _world.Snapshots.WriteFailure = () => new IOException("The disk is full.");
        var acme = await cluster.FundAsync("acme", 100m);
        Assert.Equal("acme", await _world.Snapshots.NextRefusedAsync());
        for (var i = 0; i < 50; i++)
        {
            await acme.Charge(Requests.Calls($"c{i}", 1m)).Granted();
        }

        _world.Snapshots.WriteFailure = null;
        await acme.Charge(Requests.Calls("too-early", 1m)).Granted();
        Assert.Empty(_world.Snapshots.Landed);
        Assert.Equal(1, _world.Journal.Numbers(World.Log)[0]);
        _world.Clock.Advance(TimeSpan.FromSeconds(5));
        await acme.Charge(Requests.Calls("again", 1m)).Granted();
        Assert.Equal("acme", await _world.Snapshots.NextLandedAsync());
    }

    [BoundedFact]
    public async Task A_snapshot_that_hangs_stops_neither_charges_nor_other_accounts()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.MinSnapshotTailBytes = 1);
        _world.Snapshots.Holds = true;
        var acme = await cluster.FundAsync("acme", 100m);
        var held = await _world.Snapshots.NextHeldAsync();
        var checkpoint = cluster.Checkpointed("acme").Checkpoint();
        for (var i = 0; i < 50; i++)
        {
            await acme.Charge(Requests.Calls($"c{i}", 1m)).Granted();
        }

        _world.Snapshots.Holds = false;
        await (await cluster.FundAsync("globex", 1m)).Charge(Requests.Calls("c", 1m)).Granted();
        held.Let();
        await checkpoint;
        Assert.Equal(50m, _world.Snapshots.Recall("acme", cluster.Serializer).Balance.Value);
    }

    [BoundedFact]
    public async Task A_snapshot_that_hangs_does_not_keep_an_account_from_leaving_and_may_still_land_later()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.MaxLastSnapshotWait = TimeSpan.FromSeconds(5));
        var acme = await cluster.FundAsync("acme", 10m);
        _world.Snapshots.Holds = true;
        var asleep = cluster.SleepAsync("acme");
        var held = await _world.Snapshots.NextHeldAsync();
        await _world.Clock.UntilSetAsync(TimeSpan.FromSeconds(5));
        _world.Clock.Advance(TimeSpan.FromSeconds(5));
        await asleep;
        _world.Snapshots.Holds = false;
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        held.Let();
        Assert.Equal("acme", await _world.Snapshots.NextLandedAsync());
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal("acme", await _world.Snapshots.NextRefusedAsync());
        Assert.Equal(9m, (await acme.Get().Granted()).Balance);
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal(9m, _world.Snapshots.Recall("acme", cluster.Serializer).Balance.Value);
    }

    [BoundedFact]
    public async Task Snapshots_of_one_account_are_written_one_after_another_whoever_asks_for_them()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world, settings => settings.Accounts.MinSnapshotTailBytes = 1);
        var acme = await cluster.FundAsync("acme", 100m);
        await cluster.Checkpointed("acme").Checkpoint();
        _world.Snapshots.Holds = true;
        await acme.Charge(Requests.Calls("before", 1m)).Granted();
        var checkpoints = Enumerable.Range(0, 3).Select(_ => cluster.Checkpointed("acme").Checkpoint()).ToArray();
        var held = await _world.Snapshots.NextHeldAsync();
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => acme.Charge(Requests.Calls($"c{i}", 0.1m)).Granted()));
        Assert.Equal(0, _world.Snapshots.Held);
        _world.Snapshots.Holds = false;
        held.Let();
        await Task.WhenAll(checkpoints);
        var view = await acme.Get().Granted();
        Assert.Equal((89m, 103L), (view.Balance, view.Sequence));
        Assert.Equal(103, _world.Snapshots.Recall("acme", cluster.Serializer).Sequence);
    }

    [BoundedFact]
    public async Task An_account_whose_snapshot_somebody_else_has_written_gives_up_and_the_next_activation_goes_on()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await cluster.Checkpointed("acme").Checkpoint();
        _world.Snapshots.Change("acme", bytes => bytes);
        await acme.Charge(Requests.Calls("c", 1m)).Granted();
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal("acme", await _world.Snapshots.NextRefusedAsync());
        var retry = await acme.Charge(Requests.Calls("c", 1m)).Granted();
        Assert.Equal((9m, true), (retry.Balance, retry.Replayed));
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal(9m, _world.Snapshots.Recall("acme", cluster.Serializer).Balance.Value);
    }

    [BoundedFact]
    public async Task While_the_snapshot_store_cannot_be_read_callers_hear_unavailable_and_are_served_by_itself_when_it_can()
    {
        await using var cluster = await AccountCluster.StartPricedAsync(_world);
        var acme = await cluster.FundAsync("acme", 10m);
        await cluster.SleepAsync("acme");
        foreach (var failure in new Func<Exception>[] { () => new IOException("No network."), () => new TimeoutException(), () => new ObjectDisposedException("connection") })
        {
            _world.Snapshots.ReadFailure = failure;
            var refusals = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => acme.Charge(Requests.Calls($"c{i}", 1m)).Refused(Code.Unavailable)));
            Assert.All(refusals, refusal => Assert.NotNull(refusal.RetryAfter));
            _world.Snapshots.ReadFailure = null;
            _world.Clock.Advance(refusals[0].RetryAfter!.Value);
            Assert.Equal(10m, (await acme.Get().Granted()).Balance);
            await cluster.SleepAsync("acme");
        }
    }
}
