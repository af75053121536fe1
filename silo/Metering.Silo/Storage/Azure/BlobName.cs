using System.Text;

namespace Metering.Silo.Storage.Azure;

/// <summary>
/// Writes any text as a part of a blob's name, and reads it back. What an account's id may have (<c>A-Z a-z 0-9 . _ : -</c>) stays as it is; every other
/// byte of the UTF-8 form becomes <c>~XX</c>. So no two texts share a name, and names of ids sort as the ids do.
/// </summary>
/// <remarks>
/// <see cref="End"/> closes a part. It lies below every character of an id, so that <c>a</c>, which then is <c>a!</c>, comes before <c>a-b</c> in the store's order
/// (by code point) as it does in ours. A slash would not do: it lies above <c>-</c> and <c>.</c>.
/// </remarks>
internal static class BlobName
{
    public const char End = '!';

    private const char Escape = '~';
    private const string HexDigits = "0123456789ABCDEF";

    public static string Write(string text)
    {
        if (text.AsSpan().IndexOfAnyExcept(AsIs) < 0)
        {
            return text;
        }

        var name = new StringBuilder(text.Length + 16);
        foreach (var unit in Encoding.UTF8.GetBytes(text))
        {
            if (unit < 0x80 && AsIs.Contains((char)unit))
            {
                name.Append((char)unit);
            }
            else
            {
                name.Append(Escape).Append(HexDigits[unit >> 4]).Append(HexDigits[unit & 0xF]);
            }
        }

        return name.ToString();
    }

    /// <exception cref="FormatException">It is not what <see cref="Write"/> writes.</exception>
    public static string Read(ReadOnlySpan<char> name)
    {
        if (!name.Contains(Escape))
        {
            return name.ToString();
        }

        var bytes = new byte[name.Length];
        var length = 0;
        for (var at = 0; at < name.Length; at++)
        {
            if (name[at] != Escape)
            {
                bytes[length++] = checked((byte)name[at]);
                continue;
            }

            if (at + 2 >= name.Length)
            {
                throw new FormatException("The name ends within an escaped byte.");
            }

            bytes[length++] = Convert.FromHexString(name.Slice(at + 1, 2))[0];
            at += 2;
        }

        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private static readonly System.Buffers.SearchValues<char> AsIs =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
}
