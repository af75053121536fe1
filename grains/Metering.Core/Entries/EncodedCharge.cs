using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Entries;

/// <summary>
/// An encoded charge as most are, read where its bytes are: one line of one tier, paid by one grant. For those who take millions apart and need no objects of them; texts are UTF-8.
/// </summary>
public readonly ref struct EncodedCharge
{
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    public required Credits Balance { get; init; }

    public required Credits Available { get; init; }

    public required ReadOnlySpan<byte> Id { get; init; }

    public required DateTimeOffset? Time { get; init; }

    public required ChargeMode Mode { get; init; }

    public required DateTimeOffset PeriodStart { get; init; }

    public required ReadOnlySpan<byte> Card { get; init; }

    public required int Version { get; init; }

    public required ReadOnlySpan<byte> Meter { get; init; }

    public required Quantity Quantity { get; init; }

    /// <summary>How many <see cref="Dimensions"/> there are.</summary>
    public required int DimensionCount { get; init; }

    /// <summary>Name and value of each, by turns, as <see cref="ByteReader.Bytes"/> reads them.</summary>
    public required ReadOnlySpan<byte> Dimensions { get; init; }

    public required ReadOnlySpan<byte> Price { get; init; }

    /// <summary>Its credits are what was taken, and are not 0.</summary>
    public required TierPart Tier { get; init; }

    /// <summary>Who paid all of it.</summary>
    public required ReadOnlySpan<byte> Grant { get; init; }

    public required bool HasProducer { get; init; }

    public required ReadOnlySpan<byte> Producer { get; init; }

    public required long ProducerSequence { get; init; }

    /// <summary>Reads one.</summary>
    /// <returns>False where the entry is of another kind, or says more than this can; <see cref="Entry.Decode"/> reads it.</returns>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out EncodedCharge charge)
    {
        charge = default;
        var reader = new ByteReader(bytes);
        if (reader.Byte() != (byte)EntryKind.Charged)
        {
            return false;
        }

        var (sequence, at, balance, available) = (reader.Number(), reader.Instant(), reader.Credits(), reader.Credits());
        var id = reader.Bytes();
        var (time, mode, periodStart) = (reader.OptionalInstant(), (ChargeMode)reader.Byte(), reader.Instant());
        var card = reader.Bytes();
        var version = reader.Small();
        if (mode is not (ChargeMode.Enforce or ChargeMode.UpTo or ChargeMode.Record) || reader.Count() != 1)
        {
            return false;
        }

        var meter = reader.Bytes();
        var quantity = reader.Quantity();
        var dimensionCount = reader.Count();
        var dimensions = bytes[^reader.Left..];
        for (var i = 0; i < dimensionCount * 2; i++)
        {
            reader.Bytes();
        }

        dimensions = dimensions[..^reader.Left];
        var price = reader.Bytes();
        reader.Quantity();
        var taken = reader.Credits();
        if (taken.IsZero || reader.Count() != 1)
        {
            return false;
        }

        var tier = new TierPart(reader.Small(), reader.Quantity(), reader.Credits(), reader.Credits(), reader.Credits());
        var (hasAdjustments, isOther) = (reader.Count() != 0, tier.Credits != taken);
        if (hasAdjustments || isOther || reader.Flag() || reader.Credits() != taken || reader.Count() != 1)
        {
            return false;
        }

        var grant = reader.Bytes();
        if (reader.Credits() != taken || !HasNothingMore(ref reader))
        {
            return false;
        }

        var hasProducer = reader.Flag();
        charge = new EncodedCharge
        {
            Sequence = sequence,
            At = at,
            Balance = balance,
            Available = available,
            Id = id,
            Time = time,
            Mode = mode,
            PeriodStart = periodStart,
            Card = card,
            Version = version,
            Meter = meter,
            Quantity = quantity,
            DimensionCount = dimensionCount,
            Dimensions = dimensions,
            Price = price,
            Tier = tier,
            Grant = grant,
            HasProducer = hasProducer,
            Producer = hasProducer ? reader.Bytes() : default,
            ProducerSequence = reader.Number(),
        };
        return reader.AtEnd ? true : throw ByteReader.Damaged();
    }

    /// <summary>Overage, a refund, what could not be taken, rules that it passed, thresholds that it crossed.</summary>
    private static bool HasNothingMore(ref ByteReader reader) =>
        reader.Credits().IsZero && !reader.Flag() && reader.Credits().IsZero && reader.Count() == 0 && reader.Count() == 0 && reader.Count() == 0;
}
