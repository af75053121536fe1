namespace Metering.Grains.Journal;

/// <summary>A place in the log: just before a record.</summary>
/// <param name="Record">The record.</param>
/// <param name="Position">Bytes of log before it, counted since the partition was opened.</param>
/// <param name="At">When that record or the one before it was committed (timestamp): the record is no older than this.</param>
internal readonly record struct LogPoint(long Record, long Position, long At);

/// <summary>What a committed record held for an account, kept while no snapshot is known to cover it.</summary>
internal readonly record struct RecoveredChunk(long Record, ReadOnlyMemory<byte> Entries);

/// <summary>What is wrong with a record.</summary>
internal sealed record RecordDamage(long Record, string Reason);

/// <summary>
/// What the index knows of one account's entries in the log: where the oldest one without a snapshot lies, how many there
/// are, and a few waypoints between; not the entries, which live in the grain.
/// </summary>
/// <remarks>
/// <para>The waypoints let a snapshot of a busy account, which is always a few records behind when it is durable, move the
/// oldest record forward instead of pinning it for ever. There are few, spread evenly over all of the account's records without a snapshot, however long one takes: when
/// they are full every other one goes, and the next ones come half as often. A snapshot between two waypoints counts as one at the lower: the log is kept a little too
/// long, never too short.</para>
/// <para>Guarded by the index's lock, except the Pending fields, which the partition's lock guards.</para>
/// </remarks>
internal sealed class AccountTail(string account, int accountBytes)
{
    private const int MaxWaypoints = 8;

    private Waypoint[] _waypoints = [];
    private int _waypointCount;
    private int _recordsPerWaypoint = 1;
    private int _recordsSinceWaypoint;
    private Waypoint _last;

    internal string Account { get; } = account;

    /// <summary>The id's length in UTF-8.</summary>
    internal int AccountBytes { get; } = accountBytes;

    /// <summary>Where the oldest entries without a snapshot may lie; <c>Record</c> is 0 when all are covered.</summary>
    internal LogPoint Oldest { get; private set; }

    internal bool IsPinned => Oldest.Record != 0;

    internal long LastRecord => _last.Record;

    internal long LastSequence => _last.Sequence;

    /// <summary>Committed bytes since the last snapshot.</summary>
    internal long Bytes => _last.Bytes - CoveredBytes;

    /// <summary>Bytes of entries that snapshots cover, counted since the partition was opened.</summary>
    internal long CoveredBytes { get; private set; }

    /// <summary>What the opening read for this account, until the account has recovered. Null: not in memory.</summary>
    internal List<RecoveredChunk>? Recovered { get; set; }

    /// <summary>The first damaged record of this account, and what is wrong with it.</summary>
    internal RecordDamage? Damage { get; set; }

    internal AccountJournal? Current { get; set; }

    /// <summary>When the checkpoint asked this account in vain (timestamp); 0 when it did not, or a snapshot came.</summary>
    internal long AskedAt { get; set; }

    /// <summary>The pending record that last got entries of this account.</summary>
    internal long PendingId { get; set; }

    /// <summary>The account's slot in that record.</summary>
    internal int PendingSlot { get; set; }

    /// <summary>Takes note of committed entries.</summary>
    /// <param name="before">The place of the record that holds them.</param>
    /// <param name="after">The place after it.</param>
    /// <param name="sequence">The last sequence in the entries.</param>
    /// <param name="bytes">The bytes of the entries.</param>
    /// <returns>True when the account was covered before and now pins this record.</returns>
    internal bool Add(LogPoint before, LogPoint after, long sequence, int bytes)
    {
        var pins = !IsPinned;
        if (pins)
        {
            Oldest = before;
        }
        else
        {
            AddWaypoint(_last);
        }

        _last = new Waypoint(before.Record, sequence, _last.Bytes + bytes, after);
        return pins;
    }

    /// <summary>Takes note of a durable snapshot that holds everything through a sequence.</summary>
    /// <returns>True when the oldest record moved or is gone.</returns>
    internal bool Cover(long sequence)
    {
        if (!IsPinned)
        {
            return false;
        }

        if (sequence >= LastSequence)
        {
            Oldest = default;
            AskedAt = 0;
            CoveredBytes = _last.Bytes;
            _waypointCount = 0;

            // Whoever filled them will do so again; to a million accounts that did not, they would be memory for nothing.
            _waypoints = _recordsPerWaypoint > 1 ? _waypoints : [];
            _recordsPerWaypoint = 1;
            _recordsSinceWaypoint = 0;
            return true;
        }

        var covered = _waypointCount;
        while (covered > 0 && _waypoints[covered - 1].Sequence > sequence)
        {
            covered--;
        }

        if (covered == 0)
        {
            return false;
        }

        var waypoint = _waypoints[covered - 1];
        Oldest = waypoint.After;
        AskedAt = 0;
        CoveredBytes = waypoint.Bytes;
        _waypointCount -= covered;
        Array.Copy(_waypoints, covered, _waypoints, 0, _waypointCount);

        // Fewer records are left to spread them over.
        _recordsPerWaypoint = Math.Max(1, _recordsPerWaypoint * _waypointCount / MaxWaypoints);
        return true;
    }

    private void AddWaypoint(Waypoint waypoint)
    {
        if (++_recordsSinceWaypoint < _recordsPerWaypoint)
        {
            return;
        }

        _recordsSinceWaypoint = 0;
        if (_waypointCount == MaxWaypoints)
        {
            for (var i = 0; i < MaxWaypoints / 2; i++)
            {
                _waypoints[i] = _waypoints[2 * i];
            }

            _waypointCount = MaxWaypoints / 2;
            _recordsPerWaypoint *= 2;
        }
        else if (_waypointCount == _waypoints.Length)
        {
            Array.Resize(ref _waypoints, Math.Max(2, 2 * _waypoints.Length));
        }

        _waypoints[_waypointCount++] = waypoint;
    }

    /// <summary>The account as it was after a record that holds entries of it.</summary>
    /// <param name="Record">The record.</param>
    /// <param name="Sequence">Its last sequence in it.</param>
    /// <param name="Bytes">Its bytes of entries through it, counted since the partition was opened.</param>
    /// <param name="After">The place after the record.</param>
    private readonly record struct Waypoint(long Record, long Sequence, long Bytes, LogPoint After);
}
