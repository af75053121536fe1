using System.Globalization;
using System.IO.Hashing;

namespace Metering.Silo.Storage.Azure;

/// <summary>The blob of one grain state: its name and what its metadata holds.</summary>
internal static class StateBlob
{
    /// <summary>The name of the write that made the content: random, so that a writer whose answer was lost can tell its own work from another's.</summary>
    public const string Write = "write";

    private const string ChecksumKey = "checksum";

    /// <summary>Before the keys of a state's grains.</summary>
    public static string Prefix(string stateName) => $"state/{BlobName.Write(stateName)}/";

    /// <summary><c>state/&lt;name&gt;/&lt;key&gt;!&lt;grain type&gt;</c>, the key first: listed by prefix, the grains come in the order of their keys.</summary>
    public static string Name(string stateName, GrainId grainId) =>
        $"{Prefix(stateName)}{BlobName.Write(grainId.Key.ToString()!)}{BlobName.End}{BlobName.Write(grainId.Type.ToString()!)}";

    /// <summary>The grain's key in a name that begins with <paramref name="prefix"/>.</summary>
    public static string Key(string name, string prefix)
    {
        var rest = name.AsSpan(prefix.Length);
        var end = rest.IndexOf(BlobName.End);
        return end >= 0 ? BlobName.Read(rest[..end]) : throw new FormatException($"'{name}' is not the name of a grain's state.");
    }

    public static Dictionary<string, string> Metadata(string write, ReadOnlyMemory<byte> bytes) =>
        new(StringComparer.Ordinal) { [Write] = write, [ChecksumKey] = Checksum(bytes) };

    public static bool IsIntact(IDictionary<string, string> metadata, ReadOnlyMemory<byte> bytes) =>
        metadata.TryGetValue(ChecksumKey, out var checksum) && checksum == Checksum(bytes);

    private static string Checksum(ReadOnlyMemory<byte> bytes) => XxHash3.HashToUInt64(bytes.Span).ToString("x16", CultureInfo.InvariantCulture);
}
