using Metering.Core.Accounts;
using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>The account was created (its first entry) or its settings were replaced.</summary>
public sealed record SettingsChanged : Entry
{
    public override EntryKind Kind => EntryKind.SettingsChanged;
    public required AccountSettings Settings { get; init; }

    internal static SettingsChanged Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Settings = AccountSettings.Read(ref reader),
    };

    internal override void WriteFields(ByteWriter writer) => Settings.Write(writer);
}
