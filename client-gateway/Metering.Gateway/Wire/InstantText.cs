using System.Globalization;
using System.Text;

namespace Metering.Gateway.Wire;

/// <summary>
/// Instants as RFC 3339 text. Read with any offset, which is required, and written in UTC. Fractions finer than 100 ns are
/// cut off: the same text always gives the same instant.
/// </summary>
internal static class InstantText
{
    private const int DateAndTimeLength = 19;
    private const int TickDigits = 7;

    public static bool TryParse(ReadOnlySpan<byte> text, out DateTimeOffset instant)
    {
        instant = default;
        if (text.Length <= DateAndTimeLength
            || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':'
            || !TryDigits(text[..4], out var year) || !TryDigits(text[5..7], out var month) || !TryDigits(text[8..10], out var day)
            || !TryDigits(text[11..13], out var hour) || !TryDigits(text[14..16], out var minute) || !TryDigits(text[17..19], out var second)
            || year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var rest = text[DateAndTimeLength..];
        if (!TryFraction(ref rest, out var fraction) || !TryOffset(rest, out var offset))
        {
            return false;
        }

        var ticks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks + fraction - offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        instant = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    public static bool TryParse(string text, out DateTimeOffset instant)
    {
        Span<byte> utf8 = stackalloc byte[64];
        instant = default;
        return Encoding.UTF8.TryGetBytes(text, utf8, out var length) && TryParse(utf8[..length], out instant);
    }

    public static string Format(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static bool TryDigits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        return true;
    }

    private static bool TryFraction(ref ReadOnlySpan<byte> rest, out long ticks)
    {
        ticks = 0;
        if (rest[0] != '.')
        {
            return true;
        }

        var digits = 0;
        for (rest = rest[1..]; !rest.IsEmpty && char.IsAsciiDigit((char)rest[0]); rest = rest[1..], digits++)
        {
            ticks = digits < TickDigits ? (ticks * 10) + (rest[0] - '0') : ticks;
        }

        for (var i = digits; i < TickDigits; i++)
        {
            ticks *= 10;
        }

        return digits > 0;
    }

    private static bool TryOffset(ReadOnlySpan<byte> rest, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (rest.Length == 1)
        {
            return (rest[0] | 0x20) == 'z';
        }

        if (rest.Length != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':'
            || !TryDigits(rest[1..3], out var hours) || !TryDigits(rest[4..6], out var minutes) || hours > 23 || minutes > 59)
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0) * (rest[0] == '-' ? -1 : 1);
        return true;
    }
}
