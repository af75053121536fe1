using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Metering.Gateway.Http;

/// <summary>Where a page of a ledger ended, as callers see it: nothing to read anything out of.</summary>
internal static class LedgerCursor
{
    private const string Prefix = "ledger:";
    private const int MaxBytes = 32;

    public static string After(long sequence) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence}")));

    /// <summary>False when it is not one of ours.</summary>
    public static bool TryRead(string cursor, out long after)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        after = 0;
        if (!Base64Url.IsValid(cursor, out var length) || length > bytes.Length || !Base64Url.TryDecodeFromChars(cursor, bytes, out length))
        {
            return false;
        }

        var text = Encoding.ASCII.GetString(bytes[..length]);
        return text.StartsWith(Prefix, StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out after)
            && After(after) == cursor;
    }
}
