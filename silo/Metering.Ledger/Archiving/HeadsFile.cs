using System.Globalization;
using System.IO.Hashing;
using System.Text.RegularExpressions;
using Metering.Core.Encoding;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Archiving;

/// <summary>
/// Where accounts have come to after a range of records: those that had entries in it, or, from record 1 on, all of them. That such a file is there says that the
/// segments of its records are durable: it is the progress of the archive.
/// </summary>
/// <remarks>Its name is <c>_heads/partition-0007/000000000101-000000000164.heads</c>: the partition and the records. It ends with a checksum (XxHash3) of all before.</remarks>
internal sealed partial record HeadsFile(long First, long Last, ulong Checksum, IReadOnlyDictionary<string, ChainHead> Heads)
{
    private const byte Version = 1;
    private const int ChecksumBytes = sizeof(ulong);

    /// <summary>The folder of all heads.</summary>
    internal const string Root = "_heads/";

    internal static string Folder(int partition) => string.Create(CultureInfo.InvariantCulture, $"_heads/partition-{partition:0000}/");

    internal string NameIn(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Folder(partition)}{First:000000000000}-{Last:000000000000}.heads");

    /// <summary>The records a name speaks of; false for any other file.</summary>
    internal static bool TryParse(string name, out long first, out long last)
    {
        var match = Pattern().Match(name);
        first = match.Success ? long.Parse(match.Groups["first"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        last = match.Success ? long.Parse(match.Groups["last"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        return match.Success;
    }

    /// <summary>The partition whose folder a file of heads is in; -1 for any other file.</summary>
    internal static int PartitionOf(string name) =>
        PartitionPattern().Match(name) is { Success: true } match ? int.Parse(match.Groups["partition"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : -1;

    internal byte[] Encode()
    {
        var writer = new ByteWriter(64 + (Heads.Count * 48));
        writer.Byte(Version);
        writer.Number(First);
        writer.Number(Last);
        writer.Varint(Checksum);
        writer.Count(Heads.Count);
        foreach (var (account, head) in Heads)
        {
            writer.Text(account);
            writer.Number(head.Sequence);
            writer.Varint(head.Hash);
            writer.Amount(head.Balance);
        }

        var bytes = new byte[writer.Length + ChecksumBytes];
        writer.Written.CopyTo(bytes);
        BitConverter.TryWriteBytes(bytes.AsSpan(writer.Length), XxHash3.HashToUInt64(writer.Written));
        return bytes;
    }

    /// <exception cref="FormatException">The bytes are damaged.</exception>
    internal static HeadsFile Decode(ReadOnlySpan<byte> bytes)
    {
        var content = bytes.Length > ChecksumBytes ? bytes[..^ChecksumBytes] : throw Damaged();
        var reader = new ByteReader(content);
        if (XxHash3.HashToUInt64(content) != BitConverter.ToUInt64(bytes[^ChecksumBytes..]) || reader.Byte() != Version)
        {
            throw Damaged();
        }

        var (first, last, checksum) = (reader.Number(), reader.Number(), reader.Varint());
        var count = reader.Count();
        var heads = new Dictionary<string, ChainHead>(count, StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            heads[reader.Text()] = new ChainHead(reader.Number(), reader.Varint(), reader.Credits());
        }

        return reader.AtEnd ? new HeadsFile(first, last, checksum, heads) : throw Damaged();
    }

    private static FormatException Damaged() => new("The heads are damaged or of an unknown format.");

    [GeneratedRegex("^_heads/partition-(?<partition>[0-9]{4})/", RegexOptions.CultureInvariant)]
    private static partial Regex PartitionPattern();

    [GeneratedRegex("/(?<first>[0-9]{12,18})-(?<last>[0-9]{12,18})[.]heads$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
