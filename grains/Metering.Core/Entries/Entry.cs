using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>
/// One immutable line of an account's ledger. It carries outcomes (credits, burns, the price and version used), never "price this
/// again": applying the same entries to the same state gives the same state whatever cards and clocks say later.
/// Encoded: kind, sequence, at, balance, available, then the fields of its kind.
/// </summary>
public abstract record Entry
{
    [ThreadStatic]
    private static ByteWriter? _writer;

    // What the writer holds the bytes of; null while that is nothing.
    [ThreadStatic]
    private static Entry? _written;

    private byte[]? _encoded;

    public abstract EntryKind Kind { get; }

    /// <summary>Its number in the account: 1, 2, 3, … without gaps.</summary>
    public required long Sequence { get; init; }

    /// <summary>When it happened, by the account's time, which never runs backwards.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Right after this entry.</summary>
    public required Credits Balance { get; init; }

    /// <summary>Right after this entry.</summary>
    public required Credits Available { get; init; }

    /// <summary>The entry's bytes: the same for the same entry, encoded once.</summary>
    public byte[] Encoded => _encoded ??= EncodedHere.ToArray();

    /// <summary>
    /// The same bytes, in a buffer of this thread until it encodes another entry: most are copied to where they belong at once, and need no array of their own.
    /// </summary>
    public ReadOnlySpan<byte> EncodedHere => _encoded ?? Written();

    /// <summary>Reads an entry back.</summary>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public static Entry Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var kind = reader.Enum<EntryKind>();
        var header = new Header(reader.Number(), reader.Instant(), reader.Credits(), reader.Credits());
        Entry entry = kind switch
        {
            EntryKind.SettingsChanged => SettingsChanged.Read(ref reader, header),
            EntryKind.GrantAdded => GrantAdded.Read(ref reader, header),
            EntryKind.GrantActivated => GrantActivated.Read(ref reader, header),
            EntryKind.GrantExpired => GrantExpired.Read(ref reader, header),
            EntryKind.GrantVoided => GrantVoided.Read(ref reader, header),
            EntryKind.Charged => Charged.Read(ref reader, header),
            EntryKind.GrantRefilled => GrantRefilled.Read(ref reader, header),
            EntryKind.Held => Held.Read(ref reader, header),
            EntryKind.Settled => Settled.Read(ref reader, header),
            EntryKind.HoldReleased => HoldReleased.Read(ref reader, header),
            EntryKind.HoldExpired => HoldExpired.Read(ref reader, header),
            EntryKind.Reversed => Reversed.Read(ref reader, header),
            EntryKind.BudgetChanged => BudgetChanged.Read(ref reader, header),
            EntryKind.BudgetRemoved => BudgetRemoved.Read(ref reader, header),
            EntryKind.BudgetCrossed => BudgetCrossed.Read(ref reader, header),
            EntryKind.PolicyChanged => PolicyChanged.Read(ref reader, header),
            EntryKind.Closed => Closed.Read(ref reader, header),
        };
        return reader.AtEnd ? entry : throw ByteReader.Damaged();
    }

    /// <summary>The sequence of an encoded entry, without decoding the rest.</summary>
    /// <exception cref="FormatException">The bytes are damaged.</exception>
    public static long PeekSequence(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        reader.Byte();
        return reader.Number();
    }

    /// <summary>The sequence of an encoded entry and when it happened, without decoding the rest.</summary>
    /// <exception cref="FormatException">The bytes are damaged.</exception>
    public static long PeekSequence(ReadOnlySpan<byte> bytes, out DateTimeOffset at)
    {
        var reader = new ByteReader(bytes);
        reader.Byte();
        var sequence = reader.Number();
        at = reader.Instant();
        return sequence;
    }

    /// <summary>When an encoded entry happened, without decoding the rest.</summary>
    internal static DateTimeOffset PeekAt(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        reader.Byte();
        reader.Number();
        return reader.Instant();
    }

    internal abstract void WriteFields(ByteWriter writer);

    private ReadOnlySpan<byte> Written()
    {
        // No entry is encoded inside another, so each thread needs one buffer, which soon has the size of its largest entry.
        var writer = _writer ??= new ByteWriter();
        if (ReferenceEquals(_written, this))
        {
            return writer.Written;
        }

        _written = null;
        writer.Clear();
        writer.Byte((byte)Kind);
        writer.Number(Sequence);
        writer.Instant(At);
        writer.Amount(Balance);
        writer.Amount(Available);
        WriteFields(writer);
        _written = this;
        return writer.Written;
    }

    /// <summary>What every entry begins with.</summary>
    internal readonly record struct Header(long Sequence, DateTimeOffset At, Credits Balance, Credits Available);
}
