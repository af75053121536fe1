namespace Metering.Client.Wire;

/// <summary>Holds and reversals to and from their messages.</summary>
internal static class HoldMessages
{
    private const string Settled = "settled";
    private const string Released = "released";

    public static V1.PlaceHoldRequest ToWire(string account, Hold hold)
    {
        var wire = new V1.PlaceHoldRequest
        {
            Account = account,
            Id = hold.Id,
            Meter = hold.Meter ?? "",
            Quantity = WireValues.ToWireIfAny(hold.Quantity),
            Credits = WireValues.ToWireIfAny(hold.Credits),
            Mode = WireValues.ToWire(hold.Mode),
        };
        WireValues.Add(wire.Dimensions, hold.Dimensions);
        if (hold.TimeToLive is { } timeToLive)
        {
            wire.TtlSeconds = Seconds(timeToLive);
        }

        return wire;
    }

    public static V1.SettleHoldRequest ToWire(string account, string hold, Settle settle) => new()
    {
        Account = account,
        Hold = hold,
        Id = settle.Id,
        Quantity = WireValues.ToWireIfAny(settle.Quantity),
        Credits = WireValues.ToWireIfAny(settle.Credits),
        Final = settle.Final,
        Mode = WireValues.ToWire(settle.Mode),
        Explain = settle.Explain,
    };

    public static HoldReply FromWire(V1.HoldReply wire) => new()
    {
        Hold = wire.Hold,
        Credits = WireValues.FromWire(wire.Credits),
        ExpiresAt = wire.ExpiresAt.ToDateTimeOffset(),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
    };

    public static SettleReply FromWire(V1.SettleReply wire) => new()
    {
        Id = wire.Id,
        Hold = wire.Hold,
        Outcome = wire.Outcome switch
        {
            Settled => SettleOutcome.Settled,
            Released => SettleOutcome.Released,
            _ => throw new InvalidDataException($"The server answered the outcome {wire.Outcome}, which this version of the library does not know."),
        },
        Credits = WireValues.FromWire(wire.Credits),
        Released = WireValues.FromWire(wire.Released),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
        Violations = ChargeMessages.FromWire(wire.Violations),
        Crossed = ChargeMessages.FromWire(wire.Crossed),
        Explanation = ChargeMessages.FromWire(wire.Explanation),
        Burned = ChargeMessages.FromWire(wire.Burned),
    };

    public static ReversalReply FromWire(V1.ReversalReply wire) => new()
    {
        Id = wire.Id,
        Charge = wire.Charge,
        Credits = WireValues.FromWire(wire.Credits),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
        Returned = ChargeMessages.FromWire(wire.Returned),
    };

    public static OpenHold FromWire(V1.Hold wire) => new()
    {
        Hold = wire.Hold_,
        Credits = WireValues.FromWire(wire.Credits),
        Settled = WireValues.FromWire(wire.Settled),
        Meter = WireValues.IfAny(wire.Meter),
        Dimensions = WireValues.FromWire(wire.Dimensions),
        PlacedAt = wire.PlacedAt.ToDateTimeOffset(),
        ExpiresAt = wire.ExpiresAt.ToDateTimeOffset(),
    };

    // Never cut off: a hold of half a second more than asked for would be another hold.
    private static int Seconds(TimeSpan timeToLive) =>
        timeToLive.Ticks % TimeSpan.TicksPerSecond == 0 && timeToLive > TimeSpan.Zero && timeToLive <= TimeSpan.FromDays(1)
            ? (int)(timeToLive.Ticks / TimeSpan.TicksPerSecond)
            : throw new ArgumentOutOfRangeException(nameof(timeToLive), timeToLive, "A time to live is whole seconds, from 1 s to 24 h.");
}
