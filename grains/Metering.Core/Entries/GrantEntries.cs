using Metering.Core.Encoding;
using Metering.Core.Grants;

namespace Metering.Core.Entries;

/// <summary>Credits were granted. When the grant is active at once, overage is paid from it first.</summary>
public sealed record GrantAdded : Entry
{
    public override EntryKind Kind => EntryKind.GrantAdded;
    public required GrantTerms Terms { get; init; }

    /// <summary>Overage that the new credits paid; zero while the grant is not active.</summary>
    public required Credits OveragePaid { get; init; }

    /// <summary>Whether grants that ended before the id window were forgotten to make room.</summary>
    public required bool MadeRoom { get; init; }

    internal static GrantAdded Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Terms = GrantTerms.Read(ref reader),
        OveragePaid = reader.Credits(),
        MadeRoom = reader.Flag(),
    };

    internal override void WriteFields(ByteWriter writer)
    {
        Terms.Write(writer);
        writer.Amount(OveragePaid);
        writer.Flag(MadeRoom);
    }
}

/// <summary>A grant's <c>effectiveAt</c> came: its credits arrived, and overage was paid from them first.</summary>
public sealed record GrantActivated : Entry
{
    public override EntryKind Kind => EntryKind.GrantActivated;
    public required string Grant { get; init; }
    public required Credits OveragePaid { get; init; }

    internal static GrantActivated Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Grant = reader.Text(),
        OveragePaid = reader.Credits(),
    };

    internal override void WriteFields(ByteWriter writer)
    {
        writer.Text(Grant);
        writer.Amount(OveragePaid);
    }
}

/// <summary>A grant's <c>expiresAt</c> came: what was left of it is gone.</summary>
public sealed record GrantExpired : Entry
{
    public override EntryKind Kind => EntryKind.GrantExpired;
    public required string Grant { get; init; }
    public required Credits Forfeited { get; init; }

    internal static GrantExpired Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Grant = reader.Text(),
        Forfeited = reader.Credits(),
    };

    internal override void WriteFields(ByteWriter writer)
    {
        writer.Text(Grant);
        writer.Amount(Forfeited);
    }
}

/// <summary>A grant was voided: what was left of it is forfeited.</summary>
public sealed record GrantVoided : Entry
{
    public override EntryKind Kind => EntryKind.GrantVoided;
    public required string Grant { get; init; }
    public required Credits Forfeited { get; init; }

    internal static GrantVoided Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Grant = reader.Text(),
        Forfeited = reader.Credits(),
    };

    internal override void WriteFields(ByteWriter writer)
    {
        writer.Text(Grant);
        writer.Amount(Forfeited);
    }
}
