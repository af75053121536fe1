using System.Runtime.CompilerServices;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>Numbers of a fixed size: BIGINT, INTEGER, UBIGINT, instants in nanoseconds, amounts in nanos.</summary>
internal sealed unsafe class NumberVector<T> : ColumnVector
    where T : unmanaged
{
    internal void Set(int row, T value)
    {
        // Amounts are 16 bytes at addresses that the engine aligns to 8.
        Unsafe.WriteUnaligned((T*)Memory + row, value);
        MarkThere(row);
    }

    internal void Set(int row, T? value)
    {
        if (value is { } number)
        {
            Set(row, number);
        }
    }
}
