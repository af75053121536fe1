using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>
/// The ids an account remembers are written once, in blocks beside its snapshot: durable before a snapshot names them, removed after one does not; and whatever fails in
/// between, no account is served without all it remembers.
/// </summary>
public sealed class IdBlockTests
{
    // A block of such charges takes some hundred of them.
    private const int ChargesPerBlock = 700;
    private readonly World _world = new();

    [BoundedFact]
    public async Task Ids_in_blocks_are_remembered_through_sleep()
    {
        await using var cluster = await StartAsync();
        var acme = await cluster.FundAsync("acme", 10_000m);
        await ChargeAsync(cluster, 0, 4 * ChargesPerBlock);
        await cluster.SleepAsync("acme");
        Assert.InRange(_world.Snapshots.Blocks("acme").Length, 4, 40);
        await RetriesAreAnsweredAsync(cluster, 0, 4 * ChargesPerBlock);
        var view = await acme.Get().Granted();
        Assert.Equal((10_000m - (4 * ChargesPerBlock), 2L + (4 * ChargesPerBlock)), (view.Balance, view.Sequence));
    }

    [BoundedFact]
    public async Task A_block_is_written_once_however_many_snapshots_name_it()
    {
        await using var cluster = await StartAsync();
        await cluster.FundAsync("acme", 10_000m);
        await ChargeAsync(cluster, 0, 2 * ChargesPerBlock);
        await cluster.Checkpointed("acme").Checkpoint();
        var blocks = _world.Snapshots.Blocks("acme");
        Assert.NotEmpty(blocks);
        _world.Snapshots.BlockWriteFailure = () => new IOException("It is there already.");
        await ChargeAsync(cluster, 10_000, 10);
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal(2 + (2 * ChargesPerBlock) + 10, _world.Snapshots.Recall("acme", cluster.Serializer).Sequence);
        Assert.Equal(blocks, _world.Snapshots.Blocks("acme"));
    }

    [BoundedFact]
    public async Task Blocks_are_removed_once_a_snapshot_without_them_is_durable_and_not_before()
    {
        await using var cluster = await StartAsync(maxIds: 2 * ChargesPerBlock);
        var acme = await cluster.FundAsync("acme", 100_000m);
        await ChargeAsync(cluster, 0, 4 * ChargesPerBlock);
        await cluster.Checkpointed("acme").Checkpoint();
        var first = _world.Snapshots.Blocks("acme");
        await ChargeAsync(cluster, 10_000, 4 * ChargesPerBlock);
        _world.Snapshots.WriteFailure = () => new IOException("The disk is full.");
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Empty(first.Except(_world.Snapshots.Blocks("acme")));
        _world.Snapshots.WriteFailure = null;
        _world.Clock.Advance(TimeSpan.FromSeconds(5));
        await acme.Charge(Requests.Calls("again", 1m)).Granted();
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Empty(first.Intersect(_world.Snapshots.Blocks("acme")));
        Assert.Equal(Named(cluster), _world.Snapshots.Blocks("acme"));
    }

    [BoundedFact]
    public async Task Blocks_that_a_crash_left_unnamed_are_found_again_by_the_next_owner_who_writes_the_same_bytes()
    {
        await using (var first = await StartAsync())
        {
            await first.FundAsync("acme", 10_000m);
            await ChargeAsync(first, 0, 3 * ChargesPerBlock);
            _world.Snapshots.WriteFailure = () => new IOException("The process dies between its blocks and its snapshot.");
            await first.Checkpointed("acme").Checkpoint();
            first.Crash();
        }

        var left = _world.Snapshots.Blocks("acme");
        Assert.NotEmpty(left);
        Assert.False(_world.Snapshots.Has("acme"));
        _world.Snapshots.WriteFailure = null;
        await using var cluster = await StartAsync();
        await cluster.Account("acme").Get().Granted();
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal(left, _world.Snapshots.Blocks("acme"));
        Assert.Equal(left, Named(cluster));
        await cluster.SleepAsync("acme");
        await RetriesAreAnsweredAsync(cluster, 0, 3 * ChargesPerBlock);
    }

    [BoundedFact]
    public async Task Blocks_that_a_crash_kept_from_being_removed_are_removed_by_the_next_owner()
    {
        await using (var first = await StartAsync(maxIds: ChargesPerBlock))
        {
            await first.FundAsync("acme", 100_000m);
            await ChargeAsync(first, 0, 4 * ChargesPerBlock);
            await first.Checkpointed("acme").Checkpoint();
            await ChargeAsync(first, 10_000, 4 * ChargesPerBlock);
            _world.Snapshots.BlockRemovalFailure = () => new IOException("The process dies between its snapshot and the removal.");
            await first.Checkpointed("acme").Checkpoint();
            first.Crash();
        }

        _world.Snapshots.BlockRemovalFailure = null;
        await using var cluster = await StartAsync(maxIds: ChargesPerBlock);
        Assert.NotEqual(Named(cluster), _world.Snapshots.Blocks("acme"));
        await cluster.Account("acme").Charge(Requests.Calls("again", 1m)).Granted();
        await cluster.Checkpointed("acme").Checkpoint();
        Assert.Equal(Named(cluster), _world.Snapshots.Blocks("acme"));
        Assert.Equal(100_000m - (8 * ChargesPerBlock) - 1, (await cluster.Account("acme").Get().Granted()).Balance);
    }

    [BoundedFact]
    public async Task After_a_kill_at_any_step_of_a_snapshot_everything_is_remembered_and_nothing_is_left_behind()
    {
        // Few, because each step takes two silos: a block or two to write, and as many to remove.
        const int Ids = ChargesPerBlock / 2;
        var died = true;
        for (var steps = 0; died; steps++)
        {
            var world = new World();
            died = false;
            await using (var first = await StartAsync(world, maxIds: Ids))
            {
                await first.FundAsync("acme", 100_000m);
                await ChargeAsync(first, 0, 2 * Ids);
                await first.Checkpointed("acme").Checkpoint();
                await ChargeAsync(first, 10_000, Ids + 50);
                var left = steps;
                world.Snapshots.Changing = () =>
                {
                    if (Interlocked.Decrement(ref left) < 0)
                    {
                        died = true;
                        first.Crash();
                        throw new IOException("The process is gone.");
                    }
                };
                await first.Checkpointed("acme").Checkpoint();
                world.Snapshots.Changing = null;
                first.Crash();
            }

            await using var cluster = await StartAsync(world, maxIds: Ids);
            await RetriesAreAnsweredAsync(cluster, 10_050, Ids);
            Assert.Equal(100_000m - (3 * Ids) - 50, (await cluster.Account("acme").Get().Granted()).Balance);
            await cluster.Account("acme").Charge(Requests.Calls("again", 1m)).Granted();
            await cluster.Checkpointed("acme").Checkpoint();
            Assert.Equal(Named(world, cluster), world.Snapshots.Blocks("acme"));
            await cluster.SleepAsync("acme");
            await RetriesAreAnsweredAsync(cluster, 10_051, Ids - 1);
            Assert.InRange(steps, 0, 20);
        }
    }

    [BoundedFact]
    public async Task While_blocks_cannot_be_written_there_is_no_snapshot_and_nothing_is_lost()
    {
        await using (var first = await StartAsync())
        {
            await first.FundAsync("acme", 10_000m);
            await first.Checkpointed("acme").Checkpoint();
            var before = _world.Snapshots.Bytes("acme");
            await ChargeAsync(first, 0, 2 * ChargesPerBlock);
            _world.Snapshots.BlockWriteFailure = () => new IOException("The disk is full.");
            await first.Checkpointed("acme").Checkpoint();
            Assert.Equal(before, _world.Snapshots.Bytes("acme"));
            first.Crash();
        }

        _world.Snapshots.BlockWriteFailure = null;
        await using var cluster = await StartAsync();
        await RetriesAreAnsweredAsync(cluster, 0, 2 * ChargesPerBlock);
    }

    [BoundedFact]
    public Task An_account_with_a_block_missing_is_quarantined() => Is_quarantined_with(change: null);

    [BoundedFact]
    public Task An_account_with_a_damaged_block_is_quarantined() => Is_quarantined_with(static bytes =>
    {
        var damaged = bytes.ToArray();
        damaged[^100] ^= 1;
        return damaged;
    });

    [BoundedFact]
    public async Task An_owner_that_reads_blocks_while_a_former_one_removes_them_reads_the_snapshot_again()
    {
        await using var former = await StartAsync(maxIds: ChargesPerBlock);
        var acme = await former.FundAsync("acme", 100_000m);
        await ChargeAsync(former, 0, 4 * ChargesPerBlock);
        await former.Checkpointed("acme").Checkpoint();
        await ChargeAsync(former, 10_000, 4 * ChargesPerBlock);

        // The former owner's last snapshot is on its way when the next one has read the one before.
        _world.Snapshots.Holds = true;
        var late = former.Checkpointed("acme").Checkpoint();
        var held = await _world.Snapshots.NextHeldAsync();
        _world.Snapshots.Holds = false;
        var landing = Task.CompletedTask;
        _world.Snapshots.BeforeBlockRead = _ =>
        {
            if (!held.Landing.Task.IsCompleted)
            {
                held.Let();
                landing = late;
                late.Wait(TestContext.Current.CancellationToken);
            }
        };
        await using var cluster = await StartAsync(maxIds: ChargesPerBlock);
        Assert.Equal(100_000m - (8 * ChargesPerBlock), (await cluster.Account("acme").Get().Granted()).Balance);
        await landing;
        await RetriesAreAnsweredAsync(cluster, 10_000 + (3 * ChargesPerBlock) + 1, ChargesPerBlock - 1);
    }

    private async Task Is_quarantined_with(Func<byte[], byte[]>? change)
    {
        await using var cluster = await StartAsync();
        await cluster.FundAsync("acme", 10_000m);
        await cluster.FundAsync("globex", 10m);
        await ChargeAsync(cluster, 0, 3 * ChargesPerBlock);
        await cluster.SleepAsync("acme");
        _world.Snapshots.ChangeBlock("acme", _world.Snapshots.Blocks("acme")[1], change);
        await cluster.Account("acme").Get().Refused(Code.Quarantined);
        await cluster.Account("acme").Charge(Requests.Calls("0", 1m)).Refused(Code.Quarantined);
        Assert.Equal(10m, (await cluster.Account("globex").Get().Granted()).Balance);
    }

    private string[] Named(AccountCluster cluster) => Named(_world, cluster);

    private static string[] Named(World world, AccountCluster cluster) =>
        [.. world.Snapshots.Snapshot("acme", cluster.Serializer).SealedBlocks.Select(static name => name.StateName).Order(StringComparer.Ordinal)];

    private Task<AccountCluster> StartAsync(int maxIds = 10_000) => StartAsync(_world, maxIds);

    private static Task<AccountCluster> StartAsync(World world, int maxIds) => AccountCluster.StartPricedAsync(world, settings =>
    {
        settings.Accounts.Limits = settings.Accounts.Limits with { MaxIds = maxIds };

        // Snapshots are written when the test says so.
        settings.Accounts.MinSnapshotTailBytes = int.MaxValue;
        settings.Journal.CheckpointInterval = TimeSpan.FromHours(24);
    });

    private static Task ChargeAsync(AccountCluster cluster, int first, int count) => EachAsync(cluster, first, count, replayed: false);

    private static Task RetriesAreAnsweredAsync(AccountCluster cluster, int first, int count) => EachAsync(cluster, first, count, replayed: true);

    private static async Task EachAsync(AccountCluster cluster, int first, int count, bool replayed)
    {
        foreach (var ids in Enumerable.Range(first, count).Chunk(500))
        {
            var answers = await cluster.Account("acme").ChargeMany([.. ids.Select(static id => Requests.Calls($"{id}", 1m))]);
            Assert.All(answers, answer => Assert.Equal(replayed, answer.Granted().Replayed));
        }
    }
}
