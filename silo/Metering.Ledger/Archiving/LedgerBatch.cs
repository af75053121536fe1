using Metering.Ledger.Rows;

namespace Metering.Ledger.Archiving;

/// <summary>Rows of consecutive records of one partition, on their way into segments.</summary>
public sealed class LedgerBatch
{
    private readonly PartitionArchive _archive;
    private readonly Dictionary<string, ChainHead> _heads = new(StringComparer.Ordinal);
    private readonly List<LedgerRow> _rows = [];

    internal LedgerBatch(PartitionArchive archive) => _archive = archive;

    internal IReadOnlyCollection<LedgerRow> Rows => _rows;

    internal IReadOnlyDictionary<string, ChainHead> Heads => _heads;

    /// <summary>Adds the next entry of an account. One that the ledger is already past is left out.</summary>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public void Add(string account, ReadOnlySpan<byte> entry)
    {
        if (!_heads.TryGetValue(account, out var head))
        {
            _archive.TryHead(account, out head);
        }

        if (Core.Entries.Entry.PeekSequence(entry) <= head.Sequence)
        {
            return;
        }

        EntryRows.Add(account, entry, ref head, _rows);
        _heads[account] = head;
    }
}
