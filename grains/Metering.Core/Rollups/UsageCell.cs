using Metering.Core.Encoding;

namespace Metering.Core.Rollups;

internal enum CellUnit
{
    Minute = 0,
    Hour = 1,
    Day = 2,
}

/// <summary>Usage of one meter in one minute, hour or day that is over.</summary>
/// <param name="Unit">How long it is.</param>
/// <param name="Start">Minutes since the first of January of the year 1, UTC.</param>
/// <param name="Sum">What was used.</param>
internal readonly record struct UsageCell(CellUnit Unit, long Start, UsageSum Sum)
{
    internal const long MinutesPerHour = 60;
    internal const long MinutesPerDay = 24 * MinutesPerHour;

    private const ulong QuantityIsWhole = 1 << 2;
    private const ulong CreditsAreWhole = 1 << 3;
    private const int FlagBits = 4;
    private const long MaxMinute = 3_652_059 * MinutesPerDay;

    /// <summary>The first minute after it.</summary>
    internal long End => Start + LengthOf(Unit);

    /// <summary>
    /// Writes it as what follows another: unit and flags with the minutes between the two, the lines, then quantity and credits, each in whole units where it is whole. Some ten bytes.
    /// </summary>
    /// <param name="writer">Where to.</param>
    /// <param name="after">The end of the cell before it; 0 for the first.</param>
    internal void Write(ByteWriter writer, long after)
    {
        var (quantity, quantityIsWhole) = Shorten(Sum.Quantity);
        var (credits, creditsAreWhole) = Shorten(Sum.Credits);
        writer.Varint(((ulong)(Start - after) << FlagBits) | (creditsAreWhole ? CreditsAreWhole : 0) | (quantityIsWhole ? QuantityIsWhole : 0) | (ulong)Unit);
        writer.Varint((ulong)Sum.Lines);
        writer.Large(quantity);
        writer.Large(credits);
    }

    /// <exception cref="FormatException">No cell was written there.</exception>
    internal static UsageCell Read(ref ByteReader reader, long after)
    {
        var header = reader.Varint();
        var unit = (CellUnit)(header & 3);
        var gap = header >> FlagBits;
        var lines = reader.Varint();
        if (!Enum.IsDefined(unit) || gap > MaxMinute || after + (long)gap > MaxMinute || lines > long.MaxValue)
        {
            throw ByteReader.Damaged();
        }

        var quantity = Lengthen(reader.Large(), (header & QuantityIsWhole) != 0);
        return new UsageCell(unit, after + (long)gap, new UsageSum(quantity, Lengthen(reader.Large(), (header & CreditsAreWhole) != 0), (long)lines));
    }

    private static (Int128 Value, bool IsWhole) Shorten(Int128 nanos)
    {
        var (units, rest) = Int128.DivRem(nanos, FixedPoint.NanosPerUnit);
        return rest == 0 ? (units, true) : (nanos, false);
    }

    private static Int128 Lengthen(Int128 value, bool isWhole) => isWhole ? unchecked(value * FixedPoint.NanosPerUnit) : value;

    private static long LengthOf(CellUnit unit) => unit switch
    {
        CellUnit.Minute => 1,
        CellUnit.Hour => MinutesPerHour,
        CellUnit.Day => MinutesPerDay,
    };
}
