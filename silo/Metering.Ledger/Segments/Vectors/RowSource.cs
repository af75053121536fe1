using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>
/// Rows as a table of the engine that is read once, from the first to the last: it asks for the next while it writes, so that they are never together in memory, and no table holds a copy.
/// </summary>
/// <remarks>One statement at a time, with one thread: rows then come out in the order in which they went in.</remarks>
internal sealed unsafe class RowSource : IDisposable
{
    private readonly string[] _names;
    private readonly DuckDBLogicalType[] _types;
    private readonly RowVectors _vectors = new();
    private GCHandle _self;
    private IRows? _rows;
    private ExceptionDispatchInfo? _fault;

    /// <summary>Makes <see cref="Table"/> known to a connection, which must not outlive this.</summary>
    internal RowSource(DuckDBConnection connection)
    {
        _names = [.. SegmentSchema.Columns.Split(',', StringSplitOptions.TrimEntries)];
        _types = Types(connection);
        _self = GCHandle.Alloc(this);
        var function = NativeMethods.TableFunction.DuckDBCreateTableFunction();
        NativeMethods.TableFunction.DuckDBTableFunctionSetName(function, "rows");
        NativeMethods.TableFunction.DuckDBTableFunctionSetBind(function, &Bind);
        NativeMethods.TableFunction.DuckDBTableFunctionSetInit(function, &Begin);
        NativeMethods.TableFunction.DuckDBTableFunctionSetFunction(function, &Next);
        NativeMethods.TableFunction.DuckDBTableFunctionSetExtraInfo(function, GCHandle.ToIntPtr(_self), null);
        var state = NativeMethods.TableFunction.DuckDBRegisterTableFunction(connection.NativeConnection, function);
        NativeMethods.TableFunction.DuckDBDestroyTableFunction(ref function);
        if (state != DuckDBState.Success)
        {
            throw new LedgerStoreException("The rows cannot be made known to the engine.");
        }
    }

    /// <summary>What a statement selects from.</summary>
    internal const string Table = "rows()";

    /// <summary>Has a statement read rows.</summary>
    /// <param name="rows">They are made while the statement runs, on its thread.</param>
    /// <param name="run">Runs it.</param>
    internal void Read(IRows rows, Action run)
    {
        (_rows, _fault) = (rows, null);
        try
        {
            run();
        }
        catch (DuckDBException) when (_fault is { } fault)
        {
            // The engine knows what was said, and not what it was.
            fault.Throw();
        }
        finally
        {
            _rows = null;
        }
    }

    public void Dispose()
    {
        foreach (var type in _types)
        {
            type.Dispose();
        }

        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    /// <summary>The types of the columns, of a table that stays empty: maps have no other way.</summary>
    private static DuckDBLogicalType[] Types(DuckDBConnection connection)
    {
        using (var command = connection.CreateCommand())
        {
            command.CommandText = SegmentSchema.CreateRows;
            command.ExecuteNonQuery();
        }

        if (NativeMethods.Appender.DuckDBAppenderCreateExt(connection.NativeConnection, null, null, SegmentSchema.Rows, out var appender) != DuckDBState.Success)
        {
            throw new LedgerStoreException("The types of the columns are not known.");
        }

        using (appender)
        {
            return [.. Enumerable.Range(0, (int)NativeMethods.Appender.DuckDBAppenderColumnCount(appender)).Select(column => NativeMethods.Appender.DuckDBAppenderColumnType(appender, (ulong)column))];
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint statement)
    {
        var source = (RowSource)GCHandle.FromIntPtr(NativeMethods.TableFunction.DuckDBBindGetExtraInfo(statement)).Target!;
        for (var i = 0; i < source._types.Length; i++)
        {
            NativeMethods.TableFunction.DuckDBBindAddResultColumn(statement, source._names[i], source._types[i]);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Begin(nint statement)
    {
    }

    /// <summary>Gives the engine the next rows; none says that there are no more. No exception may leave it.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Next(nint statement, nint chunk)
    {
        var source = (RowSource)GCHandle.FromIntPtr(NativeMethods.TableFunction.DuckDBFunctionGetExtraInfo(statement)).Target!;
        try
        {
            source.Fill(new DuckDBDataChunk(chunk));
        }
        catch (Exception fault)
        {
            source._fault = ExceptionDispatchInfo.Capture(fault);
            NativeMethods.TableFunction.DuckDBFunctionSetError(statement, fault.Message);
        }
    }

    private void Fill(DuckDBDataChunk chunk)
    {
        _vectors.Begin(chunk);
        while (!_vectors.IsFull && _rows!.TryAddNext(_vectors))
        {
        }

        _vectors.End(chunk);
    }
}
