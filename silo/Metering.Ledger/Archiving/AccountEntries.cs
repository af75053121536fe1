using Metering.Ledger.Rows;

namespace Metering.Ledger.Archiving;

/// <summary>What an account has in a batch, and where it has come to in the ledger.</summary>
internal sealed class AccountEntries(string account, ChainHead head)
{
    /// <summary>Of the last entry that is in a segment, or on its way into one.</summary>
    internal ChainHead Head = head;

    private readonly List<ReadOnlyMemory<byte>> _entries = [];
    private long _last = head.Sequence;
    private int _next;

    internal string Account { get; } = account;

    internal bool IsEmpty => _entries.Count == 0;

    /// <returns>False for one that the ledger is already past.</returns>
    internal bool TryAdd(ReadOnlyMemory<byte> entry, long sequence)
    {
        if (sequence <= _last)
        {
            return false;
        }

        _last = sequence;
        _entries.Add(entry);
        return true;
    }

    /// <summary>The entry that is next; false when there are no more.</summary>
    internal bool TryPeek(out ReadOnlySpan<byte> entry)
    {
        entry = _next < _entries.Count ? _entries[_next].Span : default;
        return _next < _entries.Count;
    }

    internal void MoveOn() => _next++;
}
