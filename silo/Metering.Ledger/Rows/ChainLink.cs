using System.Buffers.Binary;
using System.Security.Cryptography;
using Metering.Core;
using Metering.Core.Encoding;
using Metering.Core.Entries;

namespace Metering.Ledger.Rows;

/// <summary>
/// The hash chain of an account: the link of an entry is the first eight bytes (little-endian) of SHA-256 over the link of the entry before it and the canonical bytes of its rows, in order. It stands on
/// the entry's first row. The first entry of a chain follows <see cref="None"/>.
/// </summary>
/// <remarks>
/// <para>Whoever changes, removes or adds a row must change the links of all entries after it. Eight bytes, because a link cannot be compressed: finding another entry with the same link takes about 2⁶⁴
/// attempts. Numbers, order and presence of all columns go into it, so no column can change unnoticed.</para>
/// <para>Segments of earlier versions have a link on each row, over that row and the link of the row before it; an entry of one row has the same link in both. Chains go on from one to the other.</para>
/// </remarks>
public static class ChainLink
{
    /// <summary>What the first row follows.</summary>
    public const ulong None = 0;

    [ThreadStatic]
    private static ByteWriter? _writer;

    // One for each thread: to find the algorithm anew for each entry takes as long as to hash it.
    [ThreadStatic]
    private static SHA256? _sha256;

    /// <summary>The link of an entry of one row, or, in segments of earlier versions, of a row.</summary>
    public static ulong Of(ulong previous, LedgerRow row) => Of(previous, [row]);

    /// <summary>The link of an entry.</summary>
    /// <param name="previous">Of the entry before it.</param>
    /// <param name="rows">All of the entry, by line. Their own <see cref="LedgerRow.Hash"/> does not count.</param>
    public static ulong Of(ulong previous, ReadOnlySpan<LedgerRow> rows)
    {
        var writer = _writer ??= new ByteWriter();
        writer.Clear();
        writer.Varint(previous);
        foreach (var row in rows)
        {
            Write(writer, row);
        }

        return Hash(writer);
    }

    /// <summary>The link of a charge that is read where its bytes are: the same as that of its row.</summary>
    internal static ulong Of(ulong previous, string account, in EncodedCharge charge, string tiers)
    {
        var writer = _writer ??= new ByteWriter();
        writer.Clear();
        writer.Varint(previous);
        writer.Text(account);
        writer.Number(charge.Sequence);
        writer.Number(0);
        writer.Instant(charge.At);
        writer.OptionalInstant(charge.Time);
        writer.Byte((byte)EntryKind.Charged);
        Write(writer, isThere: true, charge.Id);
        Write(writer, !charge.Meter.IsEmpty, charge.Meter);
        writer.Flag(true);
        writer.Amount(charge.Quantity);
        writer.Flag(true);
        writer.Amount(-charge.Tier.Credits);
        writer.Amount(charge.Balance);
        writer.Amount(charge.Available);
        Write(writer, isThere: true, charge.Card);
        Write(writer, charge.Version);
        Write(writer, !charge.Price.IsEmpty, charge.Price);
        writer.Flag(true);
        writer.Instant(charge.PeriodStart);
        writer.Count(charge.DimensionCount);
        var dimensions = new ByteReader(charge.Dimensions);
        while (!dimensions.AtEnd)
        {
            writer.Bytes(dimensions.Bytes());
        }

        Write(writer, tiers);
        writer.Count(1);
        writer.Bytes(charge.Grant);
        writer.Amount(charge.Tier.Credits);
        Write(writer, credits: null);
        Write(writer, credits: null);
        Write(writer, KindName.Of(charge.Mode));
        Write(writer, charge.HasProducer, charge.Producer);
        Write(writer, charge.HasProducer ? charge.ProducerSequence : null);
        Write(writer, text: null);
        Write(writer, credits: null);
        Write(writer, text: null);
        writer.Bytes([]);
        return Hash(writer);
    }

    private static ulong Hash(ByteWriter writer)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        (_sha256 ??= SHA256.Create()).TryComputeHash(writer.Written, hash, out _);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    private static void Write(ByteWriter writer, LedgerRow row)
    {
        writer.Text(row.Account);
        writer.Number(row.Sequence);
        writer.Number(row.Line);
        writer.Instant(row.At);
        writer.OptionalInstant(row.UsageAt);
        writer.Byte((byte)row.Kind);
        Write(writer, row.Id);
        Write(writer, row.Meter);
        writer.Flag(row.Quantity is not null);
        writer.Amount(row.Quantity ?? Quantity.Zero);
        Write(writer, row.Credits);
        writer.Amount(row.Balance);
        writer.Amount(row.Available);
        Write(writer, row.Card);
        Write(writer, row.Version);
        Write(writer, row.Price);
        writer.OptionalInstant(row.PeriodStart);
        writer.Count(row.Dimensions.Count);
        foreach (var dimension in row.Dimensions)
        {
            writer.Text(dimension.Name);
            writer.Text(dimension.Value);
        }

        Write(writer, row.Tiers);
        writer.Count(row.Burned.Count);
        foreach (var burn in row.Burned)
        {
            writer.Text(burn.Grant);
            writer.Amount(burn.Credits);
        }

        Write(writer, row.OverageAdded);
        Write(writer, row.Uncovered);
        Write(writer, row.Mode);
        Write(writer, row.Producer);
        Write(writer, row.ProducerSequence);
        Write(writer, row.Hold);
        Write(writer, row.Held);
        Write(writer, row.Reverses);
        writer.Bytes(row.Entry.Span);
    }

    private static void Write(ByteWriter writer, string? text)
    {
        writer.Flag(text is not null);
        writer.Text(text ?? "");
    }

    private static void Write(ByteWriter writer, bool isThere, ReadOnlySpan<byte> text)
    {
        writer.Flag(isThere);
        writer.Bytes(text);
    }

    private static void Write(ByteWriter writer, long? number)
    {
        writer.Flag(number is not null);
        writer.Number(number ?? 0);
    }

    private static void Write(ByteWriter writer, Credits? credits)
    {
        writer.Flag(credits is not null);
        writer.Amount(credits ?? Credits.Zero);
    }
}
