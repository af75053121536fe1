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
    internal Dictionary<string, SortedList<long, byte[]>> Logs { get; } = [];

    internal Dictionary<string, Snapshot> Snapshots { get; } = [];

    internal SortedList<long, byte[]> Log(string log) => Logs.TryGetValue(log, out var records) ? records : Logs[log] = [];

    internal void Save(string account, Snapshot snapshot)
    {
        var version = Snapshots.TryGetValue(account, out var before) ? before.Version : 0;
        Snapshots[account] = version == snapshot.Version - 1 ? snapshot : throw new SnapshotConflictException();
    }
}

/// <summary>The journal store as one silo reaches it. Reads come in small pages, so that trims and appends fall between them.</summary>
internal sealed class SimulatedJournalStore(SimulatedDisk disk, SimulatedNetwork network, SeededScheduler silo) : IJournalStore
{
    private const int PageRecords = 3;

    public int MaxRecordBytes => 1 << 20;

    public bool IsShared => true;

    public bool MayLoseTail => false;

    public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken) => network.Ask(silo, () => Extent(log));

    public async Task<long> LastAsync(string log, CancellationToken cancellationToken) => (await OpenAsync(log, cancellationToken)).Last;

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var from = after;
            var page = await network.Ask(silo, () => disk.Log(log)
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

    public Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        // Taken when it takes effect, as a socket would: whoever changes it before the answer must show.
        return network.Ask(silo, () =>
        {
            var last = Extent(log).Last;
            if (number != last + 1)
            {
                return number <= last ? AppendOutcome.Conflict : AppendOutcome.TailLost;
            }

            disk.Log(log).Add(number, record.ToArray());
            return AppendOutcome.Appended;
        });
    }

    public Task TrimAsync(string log, long through, CancellationToken cancellationToken) => network.Ask(silo, () =>
    {
        var records = disk.Log(log);
        while (records.Count > 1 && records.GetKeyAtIndex(0) <= through)
        {
            records.RemoveAt(0);
        }

        return true;
    });

    private JournalExtent Extent(string log) =>
        disk.Log(log) is { Count: > 0 } records ? new JournalExtent(records.GetKeyAtIndex(0), records.GetKeyAtIndex(records.Count - 1)) : default;
}
