using Metering.Ledger.Rows;

namespace Metering.Ledger.Reading;

/// <summary>Why an account's ledger cannot be trusted from a place on.</summary>
public enum BreakReason
{
    /// <summary>Entries are missing before this one.</summary>
    Missing = 0,

    /// <summary>The row, or its link to the one before it, is not what was written.</summary>
    Changed = 1,
}

/// <summary>The first place at which an account's chain does not hold.</summary>
public sealed record ChainBreak(string Account, long Sequence, int Line, BreakReason Reason);

/// <summary>What a check found.</summary>
/// <param name="Accounts">Accounts that were checked.</param>
/// <param name="Entries">Rows that were checked, each key once.</param>
/// <param name="Breaks">The first break of each account that has one.</param>
/// <param name="Damaged">Segments that could not be read at all; entries in them count as missing.</param>
public sealed record ChainReport(long Accounts, long Entries, IReadOnlyList<ChainBreak> Breaks, IReadOnlyList<string> Damaged)
{
    /// <summary>Lines that were not checked, because only sums of them are kept.</summary>
    public long RolledUp { get; init; }

    public bool Holds => Breaks.Count == 0 && Damaged.Count == 0;
}

/// <summary>Follows the chains of accounts, entry by entry in order. Each account is followed to its first break.</summary>
/// <remarks>
/// Where the first entry given of an account is not its first, its link is taken as it stands: a range is checked from there. Rows that are there more than once
/// hold when any of them does. Where earlier entries were removed for their age, the first that is there must follow the last that was, as the removal has stated. Rows of a rollup are not checked; what comes
/// after them must follow the last.
/// </remarks>
/// <param name="retired">Where the ledger of each account begins after what was removed for its age; an account that is not in it has lost nothing.</param>
public sealed class ChainCheck(IReadOnlyDictionary<string, ChainHead> retired)
{
    private readonly List<ChainBreak> _breaks = [];

    /// <summary>Of one entry, each also as often as it is there.</summary>
    private readonly List<LedgerRow> _rows = [];

    /// <summary>The last entry's links: several where it is there in the formats of two versions, of which the next follows one.</summary>
    private HashSet<ulong> _links = [];
    private (string Account, long Sequence) _last;
    private bool _isBroken;
    private long _accounts;
    private long _checked;
    private long _rolledUp;

    /// <summary>Of the rollups that are passed over now, the first entry and the one before them; null where that is not known.</summary>
    private (long First, long? Before)? _passed;

    public ChainCheck()
        : this(new Dictionary<string, ChainHead>())
    {
    }

    /// <summary>Takes the next row, by account, sequence and line.</summary>
    public void Take(LedgerRow row)
    {
        if (_rows.Count > 0 && (_rows[0].Account, _rows[0].Sequence) != (row.Account, row.Sequence))
        {
            Follow();
        }

        _rows.Add(row);
    }

    /// <summary>Ends the check.</summary>
    /// <param name="damaged">Segments whose rows could not be given.</param>
    public ChainReport End(IReadOnlyList<string> damaged)
    {
        if (_rows.Count > 0)
        {
            Follow();
        }

        EndPassing();
        return new ChainReport(_accounts, _checked, _breaks, damaged) { RolledUp = _rolledUp };
    }

    private void Follow()
    {
        var row = _rows[0];
        var isFirst = _last.Account != row.Account;
        if (isFirst || row.FirstSequence is null)
        {
            EndPassing();
        }

        if (isFirst)
        {
            _accounts++;
            _isBroken = false;
        }

        if (row.FirstSequence is not null)
        {
            Pass(isFirst);
            return;
        }

        var entry = new LinkedEntry(_rows);
        _checked += entry.Lines;
        if (!_isBroken)
        {
            Check(entry, isFirst);
        }

        _last = (row.Account, row.Sequence);
        _rows.Clear();
    }

    private void Check(LinkedEntry entry, bool isFirst)
    {
        var row = _rows[0];
        var begins = isFirst;
        if (isFirst && retired.TryGetValue(row.Account, out var before) && row.Sequence > before.Sequence)
        {
            (begins, _last, _links) = (false, (row.Account, before.Sequence), [before.Hash]);
        }
        else if (isFirst && row is { Sequence: 1, Line: 0 })
        {
            (begins, _last, _links) = (false, (row.Account, 0), [ChainLink.None]);
        }

        if (!begins && (row.Sequence != _last.Sequence + 1 || row.Line != 0))
        {
            Break(row.Line, BreakReason.Missing);
        }
        else if (entry.FirstMissing is { } missing)
        {
            Break(missing, BreakReason.Missing);
        }
        else
        {
            _links = begins ? entry.LinksAsTheyStand() : entry.LinksAfter(_links);
            if (_links.Count == 0)
            {
                Break(entry.FirstChanged ?? row.Line, BreakReason.Changed);
            }
        }

        void Break(int line, BreakReason reason)
        {
            _isBroken = true;
            _breaks.Add(new ChainBreak(row.Account, row.Sequence, line, reason));
        }
    }

    private void Pass(bool isFirst)
    {
        var row = _rows[0];
        var first = _rows.Min(static each => each.FirstSequence ?? each.Sequence);
        _passed = _passed is { } passed
            ? passed with { First = Math.Min(passed.First, first) }
            : (first, !isFirst ? _last.Sequence : retired.TryGetValue(row.Account, out var before) && before.Sequence < row.Sequence ? before.Sequence : null);
        _rolledUp += _rows.Sum(static each => each.Lines ?? 1);
        _links = _rows.FindLast(static each => each.Hash is not null) is { Hash: { } link } ? [link] : [];
        _last = (row.Account, row.Sequence);
        _rows.Clear();
    }

    private void EndPassing()
    {
        if (_passed is { Before: { } before } passed && passed.First != before + 1 && !_isBroken)
        {
            _isBroken = true;
            _breaks.Add(new ChainBreak(_last.Account, passed.First, 0, BreakReason.Missing));
        }

        _passed = null;
    }
}
