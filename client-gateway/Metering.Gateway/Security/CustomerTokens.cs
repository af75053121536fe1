using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Metering.Contracts;

namespace Metering.Gateway.Security;

/// <summary>A token that lets a customer read one account for a short time, as a portal embeds it.</summary>
internal sealed record CustomerToken(string Text, string Account, DateTimeOffset ExpiresAt);

/// <summary>
/// Makes and checks customer tokens: <c>mt_</c>, what it says, a dot, and HMAC-SHA-256 of all before it under a secret of the key ring. So every gateway can check one, and nothing is stored for it.
/// </summary>
/// <remarks>It says for whom it was made, and is good for as long as that key is: revoking a key ends the tokens it asked for. One asked for with the key of the settings or a JWT lives out its time.</remarks>
internal static class CustomerTokens
{
    public const string Prefix = "mt_";

    private const string Version = "1";
    private const char Separator = '|';
    private const int Parts = 4;

    public static CustomerToken Make(ReadOnlySpan<byte> secret, string account, Caller by, DateTimeOffset expiresAt)
    {
        var seconds = expiresAt.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var said = Prefix + Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Join(Separator, Version, seconds, by.KeyId, account)));
        return new CustomerToken($"{said}.{Sign(secret, said)}", account, DateTimeOffset.FromUnixTimeSeconds(expiresAt.ToUnixTimeSeconds()));
    }

    /// <summary>Whose token it is; null when it is nobody's.</summary>
    public static Caller? Find(KnownKeys.Ring ring, string text, DateTimeOffset now)
    {
        var dot = text.LastIndexOf('.');
        if (ring.View.TokenSecret.Length == 0 || dot < Prefix.Length)
        {
            return null;
        }

        var said = text[..dot];
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(ring.View.TokenSecret, said)), Encoding.UTF8.GetBytes(text[(dot + 1)..])))
        {
            return null;
        }

        // Signed by us, so it is as we wrote it.
        var parts = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(said.AsSpan(Prefix.Length))).Split(Separator);
        if (parts.Length != Parts || parts[0] != Version)
        {
            return null;
        }

        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[1], CultureInfo.InvariantCulture));
        var (by, account) = (parts[2], parts[3]);
        return expiresAt <= now || (by.Length > 0 && !ring.IsGood(by, now)) ? null : new Caller
        {
            Name = $"token:{account}",
            Role = Role.Read,
            Accounts = new NamePatterns([account]),
            ExpiresAt = expiresAt,
            Among = ring,
        };
    }

    private static string Sign(ReadOnlySpan<byte> secret, string said) => Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(said)));
}
