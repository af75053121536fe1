using DuckDB.NET.Native;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>Maps with texts as keys: of each row where its pairs begin and how many there are, and the pairs of all rows one after the other.</summary>
internal sealed unsafe class MapVector<T> : ColumnVector
    where T : ColumnVector, new()
{
    private readonly TextVector _keys = new();
    private nint _pairs;
    private int _capacity;
    private int _count;

    /// <summary>What stands beside the keys.</summary>
    internal T Values { get; } = new();

    internal override void Begin(nint vector, int capacity)
    {
        base.Begin(vector, capacity);
        Reserve(capacity);
        _count = 0;
        _keys.Begin(NativeMethods.Vectors.DuckDBStructVectorGetChild(_pairs, 0), _capacity);
        Values.Begin(NativeMethods.Vectors.DuckDBStructVectorGetChild(_pairs, 1), _capacity);
    }

    /// <summary>Gives a row a map without pairs.</summary>
    internal void Set(int row)
    {
        ((Pairs*)Memory)[row] = new Pairs { First = (ulong)_count };
        MarkThere(row);
    }

    /// <summary>Adds a pair to the row that was set last.</summary>
    /// <returns>Where its value belongs in <see cref="Values"/>; until it is set there, the pair has none.</returns>
    internal int Add(int row, string key)
    {
        var pair = Add(row);
        _keys.Set(pair, key);
        return pair;
    }

    /// <summary>The same with a key in UTF-8.</summary>
    internal int Add(int row, ReadOnlySpan<byte> key)
    {
        var pair = Add(row);
        _keys.Set(pair, key);
        return pair;
    }

    /// <summary>Tells the engine how many pairs there are.</summary>
    internal void End() => NativeMethods.Vectors.DuckDBListVectorSetSize(Handle, (ulong)_count);

    private int Add(int row)
    {
        if (_count == _capacity)
        {
            Reserve(_capacity * 2);
            _keys.Grow(_capacity);
            Values.Grow(_capacity);
        }

        ((Pairs*)Memory)[row].Count++;
        return _count++;
    }

    private void Reserve(int capacity)
    {
        NativeMethods.Vectors.DuckDBListVectorReserve(Handle, (ulong)capacity);
        _capacity = capacity;
        _pairs = NativeMethods.Vectors.DuckDBListVectorGetChild(Handle);
    }

    /// <summary>As the engine has it (<c>duckdb_list_entry</c>).</summary>
    private struct Pairs
    {
        internal ulong First;
        internal ulong Count;
    }
}
