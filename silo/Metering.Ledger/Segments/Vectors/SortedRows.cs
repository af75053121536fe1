using Metering.Ledger.Rows;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>Rows that are there already.</summary>
internal sealed class SortedRows(IEnumerable<LedgerRow> rows) : IRows
{
    private readonly Queue<LedgerRow> _rows = new(rows.OrderBy(static row => row.Account, StringComparer.Ordinal).ThenBy(static row => row.Sequence).ThenBy(static row => row.Line));

    public bool TryAddNext(RowVectors into)
    {
        if (!_rows.TryDequeue(out var row))
        {
            return false;
        }

        into.Add(row);
        return true;
    }
}
