using System.Runtime.CompilerServices;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>The account's snapshot was written by somebody else since it was read.</summary>
internal sealed class SnapshotConflictException() : Exception("The snapshot has another version.");

/// <summary>A snapshot: charges in the order of their sequences, from 1.</summary>
internal sealed record Snapshot(long Version, long[] Charges, long Record);

/// <summary>What survives every crash.</summary>
internal sealed class SimulatedDisk
{
    internal Dictionary<string, SimulatedLog> Logs { get; } = [];

    internal Dictionary<string, Snapshot> Snapshots { get; } = [];

    /// <summary>The store's clock. It runs faster than every silo's, so that what a silo takes for old is old here.</summary>
    internal TimeSpan Now { get; set; }

    internal SimulatedLog Log(string log) => Logs.TryGetValue(log, out var found) ? found : Logs[log] = new SimulatedLog(log);

    internal ArchivedLog Archived(string log) => Archives.TryGetValue(log, out var found) ? found : Archives[log] = new ArchivedLog(Log(log));

    internal Dictionary<string, ArchivedLog> Archives { get; } = [];

    internal void Save(string account, Snapshot snapshot)
    {
        var version = Snapshots.TryGetValue(account, out var before) ? before.Version : 0;
        Snapshots[account] = version == snapshot.Version - 1 ? snapshot : throw new SnapshotConflictException();
    }
}

/// <summary>The journal store as one silo reaches it. Reads come in small pages, so that trims and appends fall between them.</summary>
internal sealed class SimulatedJournalStore(SimulatedDisk disk, SimulatedNetwork network, SimulatedSilo silo, bool mayLoseTail) : IJournalStore
{
    private const int PageRecords = 3;

    public int MaxRecordBytes => 1 << 20;

    public bool IsShared => true;

    public bool MayLoseTail => mayLoseTail;

    public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken) => network.Ask(silo.Scheduler, () => disk.Log(log).Extent);

    public Task<long> LastAsync(string log, CancellationToken cancellationToken) => network.Ask(silo.Scheduler, () => disk.Log(log).Extent.Last);

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var from = after;
            var page = await network.Ask(silo.Scheduler, () => disk.Log(log).Records
                .Where(record => record.Key > from).Take(PageRecords).Select(record => new JournalRecord(record.Key, record.Value)).ToArray());
            foreach (var record in page)
            {
                yield return record;
            }

            if (page.Length == 0)
            {
                break;
            }

            after = page[^1].Number;
        }
    }

    // The bytes are taken when the append takes effect, as by a socket: whoever changes them before the answer must show.
    public Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken) =>
        network.Ask(silo.Scheduler, () => disk.Log(log).Append(number, record.Span, disk.Now, silo));

    public Task TrimAsync(string log, long through, CancellationToken cancellationToken) => network.Ask(silo.Scheduler, () =>
    {
        foreach (var (number, record) in disk.Log(log).Records.Where(record => record.Key <= through && record.Key < disk.Log(log).Extent.Last))
        {
            disk.Archived(log).CheckHas(number, record);
        }

        disk.Log(log).Trim(through, disk.Now);
        return true;
    });
}
