using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Metering.Contracts;

namespace Metering.Gateway.Http;

/// <summary>Where a page of a ledger ended, as callers see it: nothing to read anything out of.</summary>
internal static class LedgerCursor
{
    private const string Prefix = "ledger:";
    private const string RolledUp = ":r";
    private const int MaxBytes = 64;

    /// <param name="last">The page's.</param>
    public static string After(LedgerLine last) => After(last.Sequence, last.At, last.FirstSequence is not null);

    /// <summary>False when it is not one of ours.</summary>
    /// <param name="cursor">What the caller sent.</param>
    /// <param name="sequence">Of the last entry.</param>
    /// <param name="at">When it happened: where the next page's begin.</param>
    /// <param name="isRolledUp">Whether its hour was rolled up.</param>
    public static bool TryRead(string cursor, out long sequence, out DateTimeOffset at, out bool isRolledUp)
    {
        Span<byte> bytes = stackalloc byte[MaxBytes];
        (sequence, at, isRolledUp) = (0, default, false);
        if (!Base64Url.IsValid(cursor, out var length) || length > bytes.Length || !Base64Url.TryDecodeFromChars(cursor, bytes, out length))
        {
            return false;
        }

        var text = Encoding.ASCII.GetString(bytes[..length]);
        isRolledUp = text.EndsWith(RolledUp, StringComparison.Ordinal);
        var parts = (isRolledUp ? text[..^RolledUp.Length] : text).Split(':');
        if (parts.Length != 3 || $"{parts[0]}:" != Prefix
            || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out sequence)
            || !long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.Ticks)
        {
            return false;
        }

        at = new DateTimeOffset(ticks, TimeSpan.Zero);
        return After(sequence, at, isRolledUp) == cursor;
    }

    private static string After(long sequence, DateTimeOffset at, bool isRolledUp) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{sequence}:{at.UtcTicks}{(isRolledUp ? RolledUp : "")}")));
}
