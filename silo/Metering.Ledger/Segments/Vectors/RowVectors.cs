using DuckDB.NET.Native;
using Metering.Core.Encoding;
using Metering.Core.Entries;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Segments.Vectors;

/// <summary>Some rows, column by column, as the engine takes them: no call for each value, and no copy but the one into its memory.</summary>
internal sealed class RowVectors
{
    /// <summary>So many rows at a time: the engine's own measure.</summary>
    internal const int Capacity = 2048;

    private readonly TextVector _account = new();
    private readonly NumberVector<long> _sequence = new();
    private readonly NumberVector<int> _line = new();
    private readonly NumberVector<long> _happenedAt = new();
    private readonly NumberVector<long> _usageAt = new();
    private readonly TextVector _kind = new();
    private readonly TextVector _id = new();
    private readonly TextVector _meter = new();
    private readonly NumberVector<Int128> _quantity = new();
    private readonly NumberVector<Int128> _credits = new();
    private readonly NumberVector<Int128> _balance = new();
    private readonly NumberVector<Int128> _available = new();
    private readonly TextVector _card = new();
    private readonly NumberVector<int> _version = new();
    private readonly TextVector _price = new();
    private readonly NumberVector<long> _periodStart = new();
    private readonly MapVector<TextVector> _dimensions = new();
    private readonly TextVector _tiers = new();
    private readonly MapVector<NumberVector<Int128>> _burned = new();
    private readonly NumberVector<Int128> _overageAdded = new();
    private readonly NumberVector<Int128> _uncovered = new();
    private readonly TextVector _mode = new();
    private readonly TextVector _producer = new();
    private readonly NumberVector<long> _producerSequence = new();
    private readonly TextVector _hold = new();
    private readonly NumberVector<Int128> _held = new();
    private readonly TextVector _reverses = new();
    private readonly TextVector _entry = new();
    private readonly NumberVector<ulong> _hash = new();
    private readonly ColumnVector[] _columns;
    private int _rows;

    internal RowVectors() => _columns =
    [
        _account, _sequence, _line, _happenedAt, _usageAt, _kind, _id, _meter, _quantity, _credits, _balance, _available, _card, _version, _price, _periodStart, _dimensions, _tiers, _burned,
        _overageAdded, _uncovered, _mode, _producer, _producerSequence, _hold, _held, _reverses, _entry, _hash,
    ];

    internal bool IsFull => _rows == Capacity;

    /// <summary>Begins with an empty chunk of the columns of a segment, in their order.</summary>
    internal void Begin(DuckDBDataChunk chunk)
    {
        for (var i = 0; i < _columns.Length; i++)
        {
            _columns[i].Begin(NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i), Capacity);
        }

        _rows = 0;
    }

    internal void Add(LedgerRow row)
    {
        var at = _rows++;
        _account.Set(at, row.Account);
        _sequence.Set(at, row.Sequence);
        _line.Set(at, row.Line);
        _happenedAt.Set(at, Instants.Nanoseconds(row.At));
        _usageAt.Set(at, Instants.Nanoseconds(row.UsageAt));
        _kind.Set(at, KindName.Of(row.Kind));
        _id.Set(at, row.Id);
        _meter.Set(at, row.Meter);
        _quantity.Set(at, row.Quantity?.Nanos);
        _credits.Set(at, row.Credits?.Nanos);
        _balance.Set(at, row.Balance.Nanos);
        _available.Set(at, row.Available == row.Balance ? null : row.Available.Nanos);
        _card.Set(at, row.Card);
        _version.Set(at, row.Version);
        _price.Set(at, row.Price);
        _periodStart.Set(at, Instants.Nanoseconds(row.PeriodStart));
        AddDimensions(at, row);
        _tiers.Set(at, row.Tiers);
        AddBurned(at, row);
        _overageAdded.Set(at, row.OverageAdded?.Nanos);
        _uncovered.Set(at, row.Uncovered?.Nanos);
        _mode.Set(at, row.Mode);
        _producer.Set(at, row.Producer);
        _producerSequence.Set(at, row.ProducerSequence);
        _hold.Set(at, row.Hold);
        _held.Set(at, row.Held?.Nanos);
        _reverses.Set(at, row.Reverses);
        if (!row.Entry.IsEmpty)
        {
            _entry.Set(at, row.Entry.Span);
        }

        _hash.Set(at, row.Hash);
    }

    /// <summary>Adds the row of a charge that is read where its bytes are: the same as <see cref="Add(LedgerRow)"/> with the row of the charge.</summary>
    internal void Add(string account, in EncodedCharge charge, string tiers, ulong link)
    {
        var at = _rows++;
        _account.Set(at, account);
        _sequence.Set(at, charge.Sequence);
        _line.Set(at, 0);
        _happenedAt.Set(at, Instants.Nanoseconds(charge.At));
        _usageAt.Set(at, Instants.Nanoseconds(charge.Time));
        _kind.Set(at, KindName.Of(EntryKind.Charged));
        _id.Set(at, charge.Id);
        SetUnlessEmpty(_meter, at, charge.Meter);
        _quantity.Set(at, charge.Quantity.Nanos);
        _credits.Set(at, -charge.Tier.Credits.Nanos);
        _balance.Set(at, charge.Balance.Nanos);
        _available.Set(at, charge.Available == charge.Balance ? null : charge.Available.Nanos);
        _card.Set(at, charge.Card);
        _version.Set(at, charge.Version);
        SetUnlessEmpty(_price, at, charge.Price);
        _periodStart.Set(at, Instants.Nanoseconds(charge.PeriodStart));
        _dimensions.Set(at);
        var dimensions = new ByteReader(charge.Dimensions);
        while (!dimensions.AtEnd)
        {
            var pair = _dimensions.Add(at, dimensions.Bytes());
            _dimensions.Values.Set(pair, dimensions.Bytes());
        }

        _tiers.Set(at, tiers);
        _burned.Set(at);
        _burned.Add(at, charge.Grant);
        _mode.Set(at, KindName.Of(charge.Mode));
        if (charge.HasProducer)
        {
            _producer.Set(at, charge.Producer);
            _producerSequence.Set(at, charge.ProducerSequence);
        }

        _hash.Set(at, link);
    }

    /// <summary>Tells the engine how many rows there are.</summary>
    internal void End(DuckDBDataChunk chunk)
    {
        _dimensions.End();
        _burned.End();
        NativeMethods.DataChunks.DuckDBDataChunkSetSize(chunk, (ulong)_rows);
    }

    private static void SetUnlessEmpty(TextVector column, int at, ReadOnlySpan<byte> text)
    {
        if (!text.IsEmpty)
        {
            column.Set(at, text);
        }
    }

    private void AddDimensions(int at, LedgerRow row)
    {
        _dimensions.Set(at);
        for (var i = 0; i < row.Dimensions.Count; i++)
        {
            _dimensions.Values.Set(_dimensions.Add(at, row.Dimensions[i].Name), row.Dimensions[i].Value);
        }
    }

    /// <summary>Where one grant paid for all of the row, how much it was is not said again.</summary>
    private void AddBurned(int at, LedgerRow row)
    {
        _burned.Set(at);
        var isAll = row.Burned.Count == 1 && row.Credits is { } credits && row.Burned[0].Credits == -credits;
        for (var i = 0; i < row.Burned.Count; i++)
        {
            var pair = _burned.Add(at, row.Burned[i].Grant);
            if (!isAll)
            {
                _burned.Values.Set(pair, row.Burned[i].Credits.Nanos);
            }
        }
    }
}
