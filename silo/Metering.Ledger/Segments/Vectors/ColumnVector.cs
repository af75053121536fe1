using DuckDB.NET.Native;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>One column of some rows, in the engine's own memory: a value per row, and a bit that says whether it is there. Nothing is there until it is set.</summary>
internal abstract unsafe class ColumnVector
{
    private const int BitsPerWord = 64;

    private ulong* _isThere;
    private int _capacity;

    /// <summary>The engine's vector.</summary>
    protected nint Handle { get; private set; }

    /// <summary>Its values.</summary>
    protected void* Memory { get; private set; }

    /// <summary>Begins with another vector.</summary>
    /// <param name="vector">The engine's.</param>
    /// <param name="capacity">For so many values, a multiple of 64.</param>
    internal virtual void Begin(nint vector, int capacity)
    {
        Handle = vector;
        NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(vector);
        _capacity = 0;
        Grow(capacity);
    }

    /// <summary>Takes note that the engine has moved the vector to where there is room for more.</summary>
    internal void Grow(int capacity)
    {
        Memory = NativeMethods.Vectors.DuckDBVectorGetData(Handle);
        _isThere = NativeMethods.Vectors.DuckDBVectorGetValidity(Handle);
        new Span<ulong>(_isThere + (_capacity / BitsPerWord), (capacity - _capacity) / BitsPerWord).Clear();
        _capacity = capacity;
    }

    protected void MarkThere(int row) => _isThere[row / BitsPerWord] |= 1UL << (row % BitsPerWord);
}
