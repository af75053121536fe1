namespace Metering.Ledger.Segments.Vectors;

/// <summary>Rows in the order of a segment, gone through once.</summary>
internal interface IRows
{
    /// <summary>Adds the next row.</summary>
    /// <returns>False when there are no more.</returns>
    bool TryAddNext(RowVectors into);
}
