namespace Metering.Client.Wire;

/// <summary>What the ledger tells, from its messages.</summary>
internal static class LedgerMessages
{
    public static Simulation FromWire(V1.SimulateRateCardReply wire) => new(
        [
            .. wire.Meters.Select(static meter => new SimulatedMeter(
                meter.Meter, WireValues.FromWire(meter.Quantity), WireValues.FromWire(meter.Unpriced), WireValues.FromWire(meter.Credits), WireValues.FromWire(meter.Simulated))),
        ],
        wire.Lines,
        wire.Entries);
}
