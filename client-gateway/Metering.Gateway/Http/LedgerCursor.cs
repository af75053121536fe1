using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Metering.Gateway.Http;

/// <summary>Where a page of a ledger ended, as callers see it: nothing to read anything out of.</summary>
internal static class LedgerCursor
{
    private const string Prefix = "ledger:";
    private const int MaxBytes = 64;

    /// <param name="sequence">Of the last entry.</param>
    /// <param name="at">When it happened: where the next page's begin.</param>
    public static string After(long sequence, DateTimeOffset at) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence}:{at.UtcTicks}")));

    /// <summary>False when it is not one of ours.</summary>
    public static bool TryRead(string cursor, out long sequence, out DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        (sequence, at) = (0, default);
        if (!Base64Url.IsValid(cursor, out var length) || length > bytes.Length || !Base64Url.TryDecodeFromChars(cursor, bytes, out length))
        {
            return false;
        }

        var parts = Encoding.ASCII.GetString(bytes[..length]).Split(':');
        if (parts.Length != 3 || $"{parts[0]}:" != Prefix
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out sequence)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.Ticks)
        {
            return false;
        }

        at = new DateTimeOffset(ticks, TimeSpan.Zero);
        return After(sequence, at) == cursor;
    }
}
