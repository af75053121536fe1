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
    public bool Holds => Breaks.Count == 0 && Damaged.Count == 0;
}

/// <summary>Follows the chains of accounts, row by row in order. Each account is followed to its first break.</summary>
/// <remarks>
/// Where the first row given of an account is not its first, its link is taken as it stands: a range is checked from there. Rows that are there more than once
/// hold when any of them does. Where earlier entries were removed for their age, the first that is there must follow the last that was, as the removal has stated.
/// </remarks>
/// <param name="retired">Where the ledger of each account begins after what was removed for its age; an account that is not in it has lost nothing.</param>
public sealed class ChainCheck(IReadOnlyDictionary<string, ChainHead> retired)
{
    private readonly List<ChainBreak> _breaks = [];
    private readonly List<LedgerRow> _same = [];
    private LedgerRow? _last;
    private bool _isBroken;
    private long _accounts;
    private long _rows;

    public ChainCheck()
        : this(new Dictionary<string, ChainHead>())
    {
    }

    /// <summary>Takes the next row, by account, sequence and line.</summary>
    public void Take(LedgerRow row)
    {
        if (_same.Count > 0 && (_same[0].Account, _same[0].Sequence, _same[0].Line) != (row.Account, row.Sequence, row.Line))
        {
            Follow();
        }

        _same.Add(row);
    }

    /// <summary>Ends the check.</summary>
    /// <param name="damaged">Segments whose rows could not be given.</param>
    public ChainReport End(IReadOnlyList<string> damaged)
    {
        if (_same.Count > 0)
        {
            Follow();
        }

        return new ChainReport(_accounts, _rows, _breaks, damaged);
    }

    private void Follow()
    {
        var row = _same[0];
        var isFirst = _last?.Account != row.Account;
        if (isFirst)
        {
            _accounts++;
            _isBroken = false;
        }

        _rows++;
        if (!_isBroken)
        {
            if (isFirst && retired.TryGetValue(row.Account, out var before) && row.Sequence > before.Sequence)
            {
                Check(row.Sequence == before.Sequence + 1 && row.Line == 0, BreakReason.Missing);
                Check(_same.Exists(each => each.Hash == ChainLink.Of(before.Hash, each)), BreakReason.Changed);
            }
            else if (isFirst)
            {
                Check(row.Sequence > 1 || row.Line > 0 || _same.Exists(static each => each.Hash == ChainLink.Of(ChainLink.None, each)), BreakReason.Changed);
            }
            else
            {
                var follows = row.Line > 0 ? (row.Sequence, row.Line) == (_last!.Sequence, _last.Line + 1) : row.Sequence == _last!.Sequence + 1;
                Check(follows, BreakReason.Missing);
                Check(_same.Exists(each => each.Hash == ChainLink.Of(_last.Hash, each)), BreakReason.Changed);
            }
        }

        _last = isFirst || _isBroken ? row : _same.Find(each => each.Hash == ChainLink.Of(_last!.Hash, each)) ?? row;
        _same.Clear();

        void Check(bool holds, BreakReason reason)
        {
            if (!holds && !_isBroken)
            {
                _isBroken = true;
                _breaks.Add(new ChainBreak(row.Account, row.Sequence, row.Line, reason));
            }
        }
    }
}
