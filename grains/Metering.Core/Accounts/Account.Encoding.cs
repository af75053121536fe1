using Metering.Core.Encoding;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    private const byte Format = 1;

    /// <summary>Writes the whole state: the same state gives the same bytes.</summary>
    public void Write(ByteWriter writer)
    {
        writer.Byte(Format);
        writer.Text(Id);
        writer.Number(Sequence);
        writer.Instant(_lastAt);
        writer.Flag(Exists);
        if (_settings is null)
        {
            return;
        }

        writer.Instant(CreatedAt);
        _settings.Write(writer);
        writer.Amount(Overage);
        _grants.Write(writer);
        _counters.Write(writer);
        _remembered.Write(writer);
    }

    /// <summary>Reads a state back.</summary>
    /// <exception cref="FormatException">The bytes are damaged, of an unknown format, or of another account.</exception>
    public static Account Read(string id, ReadOnlySpan<byte> bytes, AccountLimits limits)
    {
        var reader = new ByteReader(bytes);
        if (reader.Byte() != Format || reader.Text() != id)
        {
            throw ByteReader.Damaged();
        }

        var account = new Account(id, limits) { Sequence = reader.Number(), _lastAt = reader.Instant() };
        if (reader.Flag())
        {
            account.CreatedAt = reader.Instant();
            account._settings = AccountSettings.Read(ref reader);
            account.Overage = reader.Credits();
            account._grants = Core.Grants.GrantBook.Read(ref reader);
            account._counters = UsageCounters.Read(ref reader);
            account._remembered = RememberedIds.Read(ref reader);
        }

        return reader.AtEnd ? account : throw ByteReader.Damaged();
    }
}
