using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Grpc;

/// <summary>Holds and reversals between their messages and the contracts.</summary>
internal static class HoldMessages
{
    private const string Held = "held";
    private const string Reversed = "reversed";

    public static HoldRequest FromWire(V1.PlaceHoldRequest wire, Faults faults)
    {
        var hold = new HoldRequest
        {
            Id = wire.Id,
            Meter = wire.Meter.Length == 0 ? null : wire.Meter,
            Quantity = WireValues.Amount(wire.Quantity, "quantity", faults),
            Dimensions = new Dictionary<string, string>(wire.Dimensions, StringComparer.Ordinal),
            Credits = WireValues.Amount(wire.Credits, "credits", faults),
            TimeToLive = wire.HasTtlSeconds ? TimeSpan.FromSeconds(wire.TtlSeconds) : HoldRequest.DefaultTimeToLive,
            Mode = WireValues.Mode(wire.Mode, ChargeMode.Enforce, faults),
        };
        HoldRules.Check(hold, faults);
        return hold;
    }

    public static SettleRequest FromWire(V1.SettleHoldRequest wire, Faults faults)
    {
        var settle = new SettleRequest
        {
            Id = wire.Id,
            Hold = wire.Hold,
            Quantity = WireValues.Amount(wire.Quantity, "quantity", faults),
            Credits = WireValues.Amount(wire.Credits, "credits", faults),
            Final = !wire.HasFinal || wire.Final,
            Mode = WireValues.Mode(wire.Mode, ChargeMode.Record, faults),
            Explain = wire.Explain,
        };
        SettleRules.Check(settle, faults);
        return settle;
    }

    public static ReleaseRequest FromWire(V1.ReleaseHoldRequest wire, Faults faults)
    {
        var release = new ReleaseRequest(wire.Id, wire.Hold);
        ReleaseRules.Check(release, faults);
        return release;
    }

    public static ReversalRequest FromWire(V1.ReverseChargeRequest wire, Faults faults)
    {
        var reversal = new ReversalRequest
        {
            Id = wire.Id,
            Charge = wire.Charge,
            Quantity = WireValues.Amount(wire.Quantity, "quantity", faults),
        };
        ReversalRules.Check(reversal, faults);
        return reversal;
    }

    public static V1.HoldReply ToWire(HoldReply reply) => new()
    {
        Hold = reply.Hold,
        Outcome = Held,
        Credits = reply.Credits.ToWire(),
        ExpiresAt = reply.ExpiresAt.ToWire(),
        Balance = reply.Balance.ToWire(),
        Available = reply.Available.ToWire(),
        Sequence = reply.Sequence,
        Replayed = reply.Replayed,
    };

    public static V1.SettleReply ToWire(SettleReply reply)
    {
        var wire = new V1.SettleReply
        {
            Id = reply.Id,
            Hold = reply.Hold,
            Outcome = WireNames.Of(reply.Outcome),
            Credits = reply.Credits.ToWire(),
            Released = reply.Released.ToWire(),
            Balance = reply.Balance.ToWire(),
            Available = reply.Available.ToWire(),
            Sequence = reply.Sequence,
            Replayed = reply.Replayed,
        };
        ChargeMessages.AddViolations(wire.Violations, reply.Violations);
        ChargeMessages.AddExplanation(wire.Explanation, wire.Burned, reply.Explanation ?? [], reply.Burned ?? []);
        ChargeMessages.AddCrossed(wire.Crossed, reply.Crossed);
        return wire;
    }

    public static V1.ReversalReply ToWire(ReversalReply reply)
    {
        var wire = new V1.ReversalReply
        {
            Id = reply.Id,
            Charge = reply.Charge,
            Outcome = Reversed,
            Credits = reply.Credits.ToWire(),
            Balance = reply.Balance.ToWire(),
            Available = reply.Available.ToWire(),
            Sequence = reply.Sequence,
            Replayed = reply.Replayed,
        };
        ChargeMessages.AddBurned(wire.Returned, reply.Returned);
        return wire;
    }

    public static V1.Hold ToWire(HoldView hold)
    {
        var wire = new V1.Hold
        {
            Hold_ = hold.Hold,
            Credits = hold.Credits.ToWire(),
            Settled = hold.Settled.ToWire(),
            Meter = hold.Meter ?? "",
            PlacedAt = hold.PlacedAt.ToWire(),
            ExpiresAt = hold.ExpiresAt.ToWire(),
        };
        wire.Dimensions.Add(hold.Dimensions.ToDictionary());
        return wire;
    }
}
