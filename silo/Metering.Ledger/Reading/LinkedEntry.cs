using System.Runtime.InteropServices;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Reading;

/// <summary>The rows of one entry as segments have them, and which links they hold with. A row may be there several times; it counts once, and the entry holds when any choice of its rows does.</summary>
internal sealed class LinkedEntry
{
    /// <summary>Rows that contradict each other are tried in so many choices. Two versions that wrote the same entry make two.</summary>
    private const int MaxChoices = 64;

    private readonly List<List<LedgerRow>> _choices = [[]];

    /// <param name="rows">All of one entry, by line.</param>
    internal LinkedEntry(IReadOnlyList<LedgerRow> rows)
    {
        for (var from = 0; from < rows.Count; Lines++)
        {
            var line = rows[from].Line;
            if (Lines > 0 && line != rows[from - 1].Line + 1)
            {
                FirstMissing ??= line;
            }

            var to = from + 1;
            while (to < rows.Count && rows[to].Line == line)
            {
                to++;
            }

            Add(Different(rows, from, to));
            from = to;
        }
    }

    /// <summary>How many there are, each counted once.</summary>
    internal int Lines { get; }

    /// <summary>The first line before which one is missing; null when none is.</summary>
    internal int? FirstMissing { get; }

    /// <summary>Where links stand on each row, the first line that did not hold when it was last asked; null when it cannot be told.</summary>
    internal int? FirstChanged { get; private set; }

    /// <summary>The links the entry has when it follows any of some; none when it follows none of them.</summary>
    internal HashSet<ulong> LinksAfter(IReadOnlyCollection<ulong> before)
    {
        FirstChanged = null;
        var links = new HashSet<ulong>();
        foreach (var previous in before)
        {
            foreach (var rows in _choices)
            {
                if (LinkAfter(previous, rows) is { } link)
                {
                    links.Add(link);
                }
            }
        }

        return links;
    }

    /// <summary>The links the entry has when what it follows is not known: only where each row has one there is anything to check.</summary>
    internal HashSet<ulong> LinksAsTheyStand()
    {
        FirstChanged = null;
        var links = new HashSet<ulong>();
        foreach (var rows in _choices)
        {
            if (rows[0].Hash is { } first && (HasOneLink(rows) ? first : Follow(first, rows, from: 1)) is { } link)
            {
                links.Add(link);
            }
        }

        return links;
    }

    private ulong? LinkAfter(ulong previous, List<LedgerRow> rows)
    {
        if (!HasOneLink(rows))
        {
            return Follow(previous, rows, from: 0);
        }

        var link = ChainLink.Of(previous, CollectionsMarshal.AsSpan(rows));
        return rows[0].Hash == link && rows.FindIndex(1, static row => row.Hash is not null) < 0 ? link : null;
    }

    /// <summary>Whether its link is on its first row, as it is written now, and not on each.</summary>
    private static bool HasOneLink(List<LedgerRow> rows) => rows.Count == 1 || rows[1].Hash is null;

    private ulong? Follow(ulong previous, List<LedgerRow> rows, int from)
    {
        for (var i = from; i < rows.Count; i++)
        {
            var link = ChainLink.Of(previous, rows[i]);
            if (rows[i].Hash != link)
            {
                FirstChanged = rows[i].Line;
                return null;
            }

            previous = link;
        }

        return previous;
    }

    private void Add(List<LedgerRow> same)
    {
        foreach (var rows in _choices.ToList())
        {
            foreach (var other in same.Skip(1).Take(MaxChoices - _choices.Count))
            {
                _choices.Add([.. rows, other]);
            }

            rows.Add(same[0]);
        }
    }

    /// <summary>Rows of one line, those that say the same only once.</summary>
    private static List<LedgerRow> Different(IReadOnlyList<LedgerRow> rows, int from, int to) =>
        to == from + 1 ? [rows[from]] : [.. rows.Skip(from).Take(to - from).DistinctBy(static row => (row.Hash, ChainLink.Of(ChainLink.None, row)))];
}
