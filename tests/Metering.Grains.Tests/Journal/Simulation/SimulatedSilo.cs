using Metering.Grains.Journal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SiloJournal = Metering.Grains.Journal.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>A process: its own clock and its own order of work. To crash, it is simply never run again; to pause, not for a while.</summary>
internal sealed class SimulatedSilo : ICheckpointCaller, IPartitionOwnership
{
    private readonly bool[] _isMine;
    private int _releasing;
    private readonly SimulatedDisk _disk;
    private readonly SimulatedNetwork _network;
    private readonly Dictionary<string, Task<SimulatedAccount>> _accounts = [];

    internal SimulatedSilo(SimulatedDisk disk, SimulatedNetwork network, Random random, JournalOptions options, bool mayLoseTail)
    {
        _disk = disk;
        _network = network;
        _isMine = new bool[options.Partitions];
        Scheduler = new SeededScheduler(random);
        Journal = new SiloJournal(new JournalServices(
            new SimulatedJournalStore(disk, network, this, mayLoseTail), options, Time, Scheduler, this, this, NullLogger.Instance)
        {
            Archive = new SimulatedArchive(disk, network, this),
        });
    }

    internal SeededScheduler Scheduler { get; }

    internal FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal SiloJournal Journal { get; }

    internal bool IsPaused { get; set; }

    /// <summary>How often it let go of a partition.</summary>
    internal int Releases { get; private set; }

    /// <summary>Whether it has the partition open, and is not on its way to let go of any.</summary>
    internal bool Keeps(int partition) => _releasing == 0 && Journal.IsOpen(partition);

    public bool IsMine(int partition) => _isMine[partition];

    /// <summary>Learns, or errs, that a partition is its own or not. What it no longer takes for its own it lets go.</summary>
    internal Task Believe(int partition, bool isMine)
    {
        _isMine[partition] = isMine;
        return isMine ? Task.CompletedTask : ReleaseAsync(partition);
    }

    internal async Task ReleaseAsync(int partition)
    {
        Releases++;
        _releasing++;
        await Journal.ReleaseAsync(partition, CancellationToken.None);
        _releasing--;
    }

    /// <summary>The account's activation; a lost one is replaced.</summary>
    internal async Task<SimulatedAccount> ActivationAsync(string account)
    {
        if (!_accounts.TryGetValue(account, out var activation)
            || activation is { IsFaulted: true }
            || (activation.IsCompletedSuccessfully && (await activation).IsLost))
        {
            _accounts[account] = activation = ActivateAsync(account);
        }

        return await activation;
    }

    internal async Task DeactivateAsync(string account, bool takesSnapshot)
    {
        if (_accounts.TryGetValue(account, out var activation) && activation.IsCompletedSuccessfully)
        {
            var ending = await activation;
            if (takesSnapshot)
            {
                await ending.SnapshotAsync();
            }

            if (_accounts.TryGetValue(account, out var current) && current == activation)
            {
                _accounts.Remove(account);
            }

            ending.Close();
        }
    }

    public async Task Checkpoint(string account) => await (await ActivationAsync(account)).SnapshotAsync();

    internal Task<Snapshot> Load(string account) =>
        _network.Ask(Scheduler, () => _disk.Snapshots.TryGetValue(account, out var snapshot) ? snapshot : new Snapshot(0, [], 0));

    internal Task<bool> Save(string account, Snapshot snapshot) => _network.Ask(Scheduler, () =>
    {
        _disk.Save(account, snapshot);
        return true;
    });

    private async Task<SimulatedAccount> ActivateAsync(string account)
    {
        var activation = new SimulatedAccount(this, account);
        await activation.ActivateAsync();
        return activation;
    }
}
