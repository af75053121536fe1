using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>
/// An entry made under a caller's id: charges, holds, settles, releases and reversals share one set of ids. Its bytes are what a
/// retry is compared with and answered from. Encoded: id and usage time first, then the fields of its kind.
/// </summary>
public abstract record Operation : Entry
{
    public required string Id { get; init; }

    /// <summary>When the usage happened, if the request said.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The id and usage time of an encoded operation, without decoding the rest.</summary>
    internal static (string Id, DateTimeOffset? Time) PeekIdentity(ReadOnlySpan<byte> bytes)
    {
        var reader = AtFields(bytes);
        return (reader.Text(), reader.OptionalInstant());
    }

    /// <summary>The bytes of an encoded operation's id, when it happened and its usage time, without decoding the rest.</summary>
    internal static ReadOnlySpan<byte> PeekId(ReadOnlySpan<byte> bytes, out DateTimeOffset at, out DateTimeOffset? time)
    {
        var reader = new ByteReader(bytes);
        reader.Byte();
        reader.Number();
        at = reader.Instant();
        reader.Credits();
        reader.Credits();
        var id = reader.Bytes();
        time = reader.OptionalInstant();
        return id;
    }

    /// <summary>The bytes of an encoded operation's id.</summary>
    internal static ReadOnlySpan<byte> PeekId(ReadOnlySpan<byte> bytes)
    {
        var reader = AtFields(bytes);
        return reader.Bytes();
    }

    internal sealed override void WriteFields(ByteWriter writer)
    {
        writer.Text(Id);
        writer.OptionalInstant(Time);
        WriteOperation(writer);
    }

    internal abstract void WriteOperation(ByteWriter writer);

    private static ByteReader AtFields(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        reader.Byte();
        reader.Number();
        reader.Instant();
        reader.Credits();
        reader.Credits();
        return reader;
    }
}
