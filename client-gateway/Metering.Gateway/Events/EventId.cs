using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Events;

/// <summary>
/// The charge's id of an event. Events are one when source and id are both the same, so both go into the id, and two different events
/// must never share one: the second would be taken for a retry and its usage lost.
/// </summary>
/// <remarks>
/// Each part is escaped (<c>_XX</c> for every byte of UTF-8 outside <c>A-Z a-z 0-9 . -</c>), so neither holds a colon, and one colon joins them: the
/// parts can be told from the whole. What comes out too long is <c>ce::</c> and the SHA-256 of both with their lengths; two colons never
/// come from joining, so nobody can choose a source and an id that look like another event's digest.
/// </remarks>
internal static class EventId
{
    private const string DigestPrefix = "ce::";

    private static readonly SearchValues<byte> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"u8);

    public static string Combine(string source, string id)
    {
        var sourceBytes = Encoding.UTF8.GetBytes(source);
        var idBytes = Encoding.UTF8.GetBytes(id);
        var joined = new StringBuilder();
        return TryEscape(joined, sourceBytes) && TryEscape(joined.Append(':'), idBytes)
            ? joined.ToString()
            : DigestPrefix + Digest(sourceBytes, idBytes);
    }

    private static bool TryEscape(StringBuilder joined, byte[] text)
    {
        foreach (var octet in text)
        {
            if (joined.Length > Limits.MaxNameLength)
            {
                return false;
            }

            _ = Plain.Contains(octet)
                ? joined.Append((char)octet)
                : joined.Append(CultureInfo.InvariantCulture, $"_{octet:X2}");
        }

        return joined.Length <= Limits.MaxNameLength;
    }

    private static string Digest(byte[] source, byte[] id)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, source.Length);
        hash.AppendData(length);
        hash.AppendData(source);
        BinaryPrimitives.WriteInt32BigEndian(length, id.Length);
        hash.AppendData(length);
        hash.AppendData(id);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
