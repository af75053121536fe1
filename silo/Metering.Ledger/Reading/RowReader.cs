using System.Data.Common;
using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Reading;

/// <summary>Reads rows back from a segment, exactly as they were.</summary>
internal static class RowReader
{
    /// <summary>The columns as <see cref="Read"/> expects them.</summary>
    internal const string Columns = """
        account, sequence, line, epoch_ns(happened_at), epoch_ns(usage_at), kind, id, meter, quantity, credits, balance, available, card, version, price, epoch_ns(period_start),
        map_keys(dimensions), map_values(dimensions), tiers, map_keys(burned), map_values(burned)::VARCHAR[], overage_added, uncovered, mode, producer, producer_sequence,
        hold, held, reverses, entry, hash, first_sequence, lines
        """;

    internal static LedgerRow Read(DbDataReader row) => new()
    {
        Account = row.GetString(0),
        Sequence = row.GetInt64(1),
        Line = row.GetInt32(2),
        At = Instants.From(row.GetInt64(3)),
        UsageAt = Instant(row, 4),
        Kind = KindName.Parse(row.GetString(5)),
        Id = Text(row, 6),
        Meter = Text(row, 7),
        Quantity = row.IsDBNull(8) ? null : Quantity.From(row.GetDecimal(8)),
        Credits = Amount(row, 9),
        Balance = Credits.FromNanos(Nanos(row.GetDecimal(10))),
        Available = Amount(row, 11) ?? Credits.FromNanos(Nanos(row.GetDecimal(10))),
        Card = Text(row, 12),
        Version = row.IsDBNull(13) ? null : row.GetInt32(13),
        Price = Text(row, 14),
        PeriodStart = Instant(row, 15),
        Dimensions = [.. List(row, 16).Zip(List(row, 17), static (name, value) => new Dimension(name, value))],
        Tiers = Text(row, 18),
        Burned = Burns(row),
        OverageAdded = Amount(row, 21),
        Uncovered = Amount(row, 22),
        Mode = Text(row, 23),
        Producer = Text(row, 24),
        ProducerSequence = row.IsDBNull(25) ? null : row.GetInt64(25),
        Hold = Text(row, 26),
        Held = Amount(row, 27),
        Reverses = Text(row, 28),
        Entry = row.IsDBNull(29) ? default : Bytes(row, 29),
        Hash = row.IsDBNull(30) ? null : row.GetFieldValue<ulong>(30),
        FirstSequence = row.IsDBNull(31) ? null : row.GetInt64(31),
        Lines = row.IsDBNull(32) ? null : row.GetInt64(32),
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Instant(DbDataReader row, int column) => row.IsDBNull(column) ? null : Instants.From(row.GetInt64(column));

    private static Credits? Amount(DbDataReader row, int column) => row.IsDBNull(column) ? null : Credits.FromNanos(Nanos(row.GetDecimal(column)));

    private static Credits Parse(string amount) => Credits.FromNanos(Nanos(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture)));

    // By way of nanos: what was computed may be larger than what may be given.
    private static Int128 Nanos(decimal amount)
    {
        var whole = decimal.Truncate(amount);
        return ((Int128)whole * 1_000_000_000) + (Int128)((amount - whole) * 1_000_000_000m);
    }

    // Rollups have no grants.
    private static List<string> List(DbDataReader row, int column) => row.IsDBNull(column) ? [] : row.GetFieldValue<List<string>>(column);

    /// <summary>Without credits where one grant paid for all of the row.</summary>
    private static Burn[] Burns(DbDataReader row)
    {
        if (row.IsDBNull(19))
        {
            return [];
        }

        var (grants, credits) = (row.GetFieldValue<List<string>>(19), row.GetFieldValue<List<string?>>(20));
        var burns = new Burn[grants.Count];
        for (var i = 0; i < burns.Length; i++)
        {
            burns[i] = new Burn(grants[i], credits[i] is { } amount ? Parse(amount) : -(Amount(row, 9) ?? throw new FormatException("A row says that a grant paid for all of its credits, and not how many these are.")));
        }

        return burns;
    }

    private static byte[] Bytes(DbDataReader row, int column)
    {
        using var stream = row.GetStream(column);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
