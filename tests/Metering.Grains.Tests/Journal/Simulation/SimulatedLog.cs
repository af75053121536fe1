using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>
/// One log in the store. It can go back in time, as a server does that had not synced its latest commands; and it knows whether anybody's acknowledged
/// records were replaced by others since.
/// </summary>
internal sealed class SimulatedLog(string name)
{
    /// <summary>So old a command is on the disk for good: exactly what silos are set to count on.</summary>
    internal static readonly TimeSpan SyncedAfter = TimeSpan.FromSeconds(5);

    private readonly List<Command> _unsynced = [];
    private readonly Dictionary<long, byte[]> _lost = [];

    internal SortedList<long, byte[]> Records { get; } = [];

    internal JournalExtent Extent => Records.Count > 0 ? new JournalExtent(Records.GetKeyAtIndex(0), Records.GetKeyAtIndex(Records.Count - 1)) : default;

    /// <summary>Records that vanished and are not there again.</summary>
    internal int Missing => _lost.Count;

    internal int LostRecords { get; private set; }

    internal int RestoredRecords { get; private set; }

    /// <summary>A lost record's number was given to another. What it held is gone for good, and nobody in the log's present can know.</summary>
    internal bool IsRewritten { get; private set; }

    /// <summary>More vanished than the owner of that time had read when it opened the log.</summary>
    internal bool IsLossTooDeep { get; private set; }

    /// <summary>Which silo appended the last record.</summary>
    internal SimulatedSilo? LastWriter { get; private set; }

    internal AppendOutcome Append(long number, ReadOnlySpan<byte> bytes, TimeSpan now, SimulatedSilo writer)
    {
        var last = Extent.Last;
        if (number != last + 1)
        {
            return number <= last ? AppendOutcome.Conflict : AppendOutcome.TailLost;
        }

        if (_lost.Remove(number, out var before))
        {
            RestoredRecords += bytes.SequenceEqual(before) ? 1 : 0;
            IsRewritten |= !bytes.SequenceEqual(before);
        }

        if (!IsRewritten && last > 0 && Header(bytes).Previous != Header(Records[last]).Checksum)
        {
            throw new LawBrokenException($"{name}: record {number} was appended by somebody who did not know record {last}.");
        }

        Records.Add(number, bytes.ToArray());
        _unsynced.RemoveAll(command => command.At + SyncedAfter <= now);
        _unsynced.Add(new Command(now, number, []));
        LastWriter = writer;
        return AppendOutcome.Appended;
    }

    internal void Trim(long through, TimeSpan now)
    {
        var trimmed = new List<(long, byte[])>();
        while (Records.Count > 1 && Records.GetKeyAtIndex(0) <= through)
        {
            trimmed.Add((Records.GetKeyAtIndex(0), Records.GetValueAtIndex(0)));
            Records.RemoveAt(0);
        }

        _unsynced.Add(new Command(now, 0, trimmed));
    }

    /// <summary>Goes back by some of the commands that are not synced yet.</summary>
    internal void LoseTail(Random random, TimeSpan now)
    {
        var safe = _unsynced.FindLastIndex(command => command.At + SyncedAfter <= now) + 1;
        var kept = random.Next(safe, _unsynced.Count + 1);
        var readSince = Records.Count > 0 ? MarkAtClaim() : 0;
        while (_unsynced.Count > kept)
        {
            var command = _unsynced[^1];
            _unsynced.RemoveAt(_unsynced.Count - 1);
            if (command.Appended > 0)
            {
                Records.Remove(command.Appended, out var bytes);
                _lost[command.Appended] = bytes!;
                LostRecords++;
                IsLossTooDeep |= command.Appended <= readSince;
            }

            foreach (var (number, bytes) in command.Trimmed)
            {
                Records.Add(number, bytes);
            }
        }
    }

    /// <summary>What the owner did not read when it opened the log, because snapshots had it.</summary>
    private long MarkAtClaim()
    {
        var owner = Header(Records.GetValueAtIndex(Records.Count - 1)).Writer;
        return Records.Values.Select(static record => Header(record)).First(header => header.Writer == owner).Mark;
    }

    private static RecordHeader Header(ReadOnlySpan<byte> record) =>
        RecordReader.TryReadHeader(record, out var header, out var fault) ? header : throw new LawBrokenException($"What was appended is no record: {fault}.");

    private sealed record Command(TimeSpan At, long Appended, List<(long Number, byte[] Bytes)> Trimmed);
}
