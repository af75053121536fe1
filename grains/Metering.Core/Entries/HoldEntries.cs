using Metering.Core.Charges;
using Metering.Core.Encoding;
using Metering.Core.Holds;

namespace Metering.Core.Entries;

/// <summary>Credits were set aside. The id names the hold.</summary>
public sealed record Held : Operation
{
    public override EntryKind Kind => EntryKind.Held;
    public required ChargeMode Mode { get; init; }

    /// <summary>The usage it is for; null when it was placed as credits.</summary>
    public ChargeLine? Usage { get; init; }

    /// <summary>The credits asked for, when it was not usage.</summary>
    public Credits? Asked { get; init; }

    public required TimeSpan TimeToLive { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Credits set aside.</summary>
    public required Credits Credits { get; init; }

    public IReadOnlyList<Policies.PolicyRule> Shadowed { get; init; } = [];

    /// <summary>Whether a request says the same as the one recorded here: then it is a retry of it.</summary>
    public bool IsOf(PlaceHold hold) =>
        Mode == hold.Mode && Asked == hold.Credits && TimeToLive == hold.TimeToLive
        && (Usage is null ? hold.Usage is null : hold.Usage is not null && Usage.SaysTheSameAs(hold.Usage));

    internal static Held Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Id = reader.Text(),
        Time = reader.OptionalInstant(),
        Mode = reader.Enum<ChargeMode>(),
        Usage = reader.Flag() ? new ChargeLine(reader.Text(), reader.Quantity(), Dimension.ReadAll(ref reader)) : null,
        Asked = reader.Flag() ? reader.Credits() : null,
        TimeToLive = reader.Duration(),
        ExpiresAt = reader.Instant(),
        Credits = reader.Credits(),
        Shadowed = PaidOperation.ReadShadowed(ref reader),
    };

    internal override void WriteOperation(ByteWriter writer)
    {
        writer.Byte((byte)Mode);
        writer.Flag(Usage is not null);
        if (Usage is not null)
        {
            writer.Text(Usage.Meter);
            writer.Amount(Usage.Quantity);
            Dimension.WriteAll(writer, Usage.Dimensions);
        }

        writer.Flag(Asked is not null);
        if (Asked is { } asked)
        {
            writer.Amount(asked);
        }

        writer.Duration(TimeToLive);
        writer.Instant(ExpiresAt);
        writer.Amount(Credits);
        writer.Count(Shadowed.Count);
        foreach (var rule in Shadowed)
        {
            writer.Byte((byte)rule);
        }
    }
}

/// <summary>A hold was given back by its caller.</summary>
public sealed record HoldReleased : Operation
{
    public override EntryKind Kind => EntryKind.HoldReleased;
    public required string Hold { get; init; }
    public required Credits Released { get; init; }

    internal static HoldReleased Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Id = reader.Text(),
        Time = reader.OptionalInstant(),
        Hold = reader.Text(),
        Released = reader.Credits(),
    };

    internal override void WriteOperation(ByteWriter writer)
    {
        writer.Text(Hold);
        writer.Amount(Released);
    }
}

/// <summary>A hold's time was over: what was left of it is available again.</summary>
public sealed record HoldExpired : Entry
{
    public override EntryKind Kind => EntryKind.HoldExpired;
    public required string Hold { get; init; }
    public required Credits Released { get; init; }

    internal static HoldExpired Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Hold = reader.Text(),
        Released = reader.Credits(),
    };

    internal override void WriteFields(ByteWriter writer)
    {
        writer.Text(Hold);
        writer.Amount(Released);
    }
}
