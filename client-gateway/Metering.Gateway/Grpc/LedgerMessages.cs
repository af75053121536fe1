using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>What the ledger is asked and answers, between messages and the contracts.</summary>
internal static class LedgerMessages
{
    public static SimulationBody FromWire(V1.SimulateRateCardRequest wire, Faults faults)
    {
        var (from, to) = (WireValues.Instant(wire.From, "from", faults), WireValues.Instant(wire.To, "to", faults));
        faults.Enter("draft");
        var draft = wire.Draft is null ? null : RateCardMessages.FromWire(wire.Draft, faults);
        faults.Leave();
        return SimulationRules.Check(wire.Account, from, to, draft, faults);
    }

    public static V1.SimulateRateCardReply ToWire(SimulationReply reply)
    {
        var wire = new V1.SimulateRateCardReply { Lines = reply.Lines, Entries = reply.Entries };
        wire.Meters.Add(reply.Meters.Select(static meter => new V1.SimulatedMeter
        {
            Meter = meter.Meter,
            Quantity = meter.Quantity.SumToWire(),
            Unpriced = meter.Unpriced == 0m ? null : meter.Unpriced.SumToWire(),
            Credits = meter.Credits.SumToWire(),
            Simulated = meter.Simulated.SumToWire(),
        }));
        return wire;
    }
}
