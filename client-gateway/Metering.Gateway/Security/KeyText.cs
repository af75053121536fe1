using System.Security.Cryptography;
using System.Text;

namespace Metering.Gateway.Security;

/// <summary>
/// How a key looks: <c>mk_</c>, an id that may be seen, <c>_</c>, 43 random letters and digits (256 bits), and 6 that check the rest. The beginning and the check let a scanner of
/// secrets tell a key from other text, and a mistyped one from a revoked one.
/// </summary>
internal static class KeyText
{
    public const string Prefix = "mk_";

    private const int IdLength = 12;
    private const int SecretLength = 43;
    private const int CheckLength = 6;
    private const int Length = 3 + IdLength + 1 + SecretLength + CheckLength;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>A new id, and its first key.</summary>
    public static (string Id, string Text) New()
    {
        var id = RandomNumberGenerator.GetString(Alphabet, IdLength);
        return (id, Of(id));
    }

    /// <summary>A new key of an id.</summary>
    public static string Of(string id)
    {
        var text = $"{Prefix}{id}_{RandomNumberGenerator.GetString(Alphabet, SecretLength)}";
        return text + Check(text);
    }

    public static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>Of a text that looks like a key; false when it was not made here, or is mistyped.</summary>
    public static bool TryReadId(string text, out string id)
    {
        id = "";
        if (text.Length != Length || !text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length + IdLength] != '_' || !text.AsSpan(Length - CheckLength).SequenceEqual(Check(text[..^CheckLength])))
        {
            return false;
        }

        id = text.Substring(Prefix.Length, IdLength);
        return true;
    }

    private static string Check(string text) => Convert.ToHexStringLower(Hash(text).AsSpan(0, CheckLength / 2));
}
