using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using DuckDB.NET.Native;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>Texts or bytes. Most columns say the same from row to row: the same string is converted once.</summary>
internal sealed unsafe class TextVector : ColumnVector
{
    private byte[] _bytes = new byte[256];
    private string? _last;
    private Text _lastText;

    internal override void Begin(nint vector, int capacity)
    {
        base.Begin(vector, capacity);
        _last = null;
    }

    internal void Set(int row, string? text)
    {
        if (text is null)
        {
            return;
        }

        if (ReferenceEquals(text, _last))
        {
            ((Text*)Memory)[row] = _lastText;
            MarkThere(row);
            return;
        }

        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_bytes.Length < most)
        {
            _bytes = new byte[most * 2];
        }

        Set(row, _bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, _bytes)));
        _last = text;
        _lastText = ((Text*)Memory)[row];
    }

    /// <param name="row">Where.</param>
    /// <param name="bytes">UTF-8 in a column of texts. They are copied.</param>
    internal void Set(int row, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= Text.MaxShort)
        {
            // What is not used of it must be zero: it is compared as a whole.
            var text = new Text { Length = (uint)bytes.Length };
            bytes.CopyTo(text.Short);
            ((Text*)Memory)[row] = text;
        }
        else
        {
            fixed (byte* from = bytes)
            {
                // Without a look at whether it is UTF-8: .NET has just made it so, and bytes need not be.
                NativeMethods.Vectors.DuckDBUnsafeVectorAssignStringElementLength(Handle, (ulong)row, from, bytes.Length);
            }
        }

        MarkThere(row);
    }

    /// <summary>As the engine has it (<c>duckdb_string_t</c>): short ones within, of longer ones the first four bytes and where they are.</summary>
    private struct Text
    {
        internal const int MaxShort = 12;

        internal uint Length;
        private ShortBytes _bytes;

        [UnscopedRef]
        internal Span<byte> Short => _bytes;
    }

    [InlineArray(Text.MaxShort)]
    private struct ShortBytes
    {
        private byte _first;
    }
}
