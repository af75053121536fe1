using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Metering.Contracts;

namespace Metering.Gateway.Http;

/// <summary>Where a page of the audit log ended, as callers see it: nothing to read anything out of.</summary>
internal static class AuditCursor
{
    private const string Prefix = "audit:";
    private const int MaxBytes = 64;

    public static string At(AuditPlace place) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{place.Chunk}:{place.Number}")));

    /// <summary>False when it is not one of ours.</summary>
    public static bool TryRead(string cursor, out AuditPlace place)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        place = default;
        if (!Base64Url.IsValid(cursor, out var length) || length > bytes.Length || !Base64Url.TryDecodeFromChars(cursor, bytes, out length))
        {
            return false;
        }

        var parts = Encoding.ASCII.GetString(bytes[..length]).Split(':');
        if (parts.Length != 3
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var chunk)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        place = new AuditPlace(chunk, number);
        return At(place) == cursor;
    }
}
