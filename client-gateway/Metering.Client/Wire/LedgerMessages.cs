namespace Metering.Client.Wire;

/// <summary>What the ledger is asked and tells.</summary>
internal static class LedgerMessages
{
    public static V1.ReadLedgerRequest ToWire(string account, LedgerQuery query, string? cursor)
    {
        var wire = new V1.ReadLedgerRequest
        {
            Account = account,
            From = WireValues.ToWire(query.From),
            To = WireValues.ToWire(query.To),
            Meter = query.Meter ?? "",
            Cursor = cursor ?? "",
        };
        if (query.Limit is { } limit)
        {
            wire.Limit = limit;
        }

        wire.Kinds.Add(query.Kinds);
        WireValues.Add(wire.Dimensions, query.Dimensions);
        return wire;
    }

    public static LedgerPage FromWire(V1.LedgerPage wire) => new(
        [.. wire.Entries.Select(FromWire)],
        WireValues.IfAny(wire.Cursor),
        WireValues.FromWireIfAny(wire.OpeningBalance),
        WireValues.FromWireIfAny(wire.ClosingBalance),
        [.. wire.Damaged],
        Detail(wire.Detail));

    public static LedgerDetail Detail(V1.LedgerDetail detail) => detail switch
    {
        V1.LedgerDetail.Full => LedgerDetail.Full,
        V1.LedgerDetail.Rollup => LedgerDetail.Rollup,
        _ => throw WireValues.Unknown(detail),
    };

    public static LedgerCheck FromWire(V1.LedgerCheck wire) => new(
        wire.Holds,
        wire.Rows,
        wire.First,
        wire.Last,
        wire.Break is { } found ? new LedgerBreak(found.Sequence, found.Line, found.Reason) : null,
        [.. wire.Damaged]);

    public static Statement FromWire(V1.Statement wire) => new()
    {
        Account = wire.Account,
        DisplayName = wire.DisplayName,
        From = wire.From.ToDateTimeOffset(),
        To = wire.To.ToDateTimeOffset(),
        IsRunning = wire.Running,
        OpeningBalance = WireValues.FromWireIfAny(wire.OpeningBalance),
        ClosingBalance = WireValues.FromWireIfAny(wire.ClosingBalance),
        Grants = [.. wire.Grants.Select(static grant => new StatementGrant(grant.Sequence, grant.At.ToDateTimeOffset(), grant.Kind, grant.Id, WireValues.FromWireIfAny(grant.Credits)))],
        Usage = [.. wire.Usage.Select(static usage => new StatementUsage(usage.Meter, WireValues.FromWire(usage.Quantity), WireValues.FromWire(usage.Credits), usage.Lines))],
        Damaged = [.. wire.Damaged],
        Detail = Detail(wire.Detail),
    };

    public static Simulation FromWire(V1.SimulateRateCardReply wire) => new(
        [
            .. wire.Meters.Select(static meter => new SimulatedMeter(
                meter.Meter, WireValues.FromWire(meter.Quantity), WireValues.FromWire(meter.Unpriced), WireValues.FromWire(meter.Credits), WireValues.FromWire(meter.Simulated))),
        ],
        wire.Lines,
        wire.Entries);

    private static LedgerEntry FromWire(V1.LedgerEntry wire) => new()
    {
        Sequence = wire.Sequence,
        Line = wire.Line,
        At = wire.At.ToDateTimeOffset(),
        Time = WireValues.FromWire(wire.Time),
        Kind = wire.Kind,
        Id = WireValues.IfAny(wire.Id),
        Meter = WireValues.IfAny(wire.Meter),
        Quantity = WireValues.FromWireIfAny(wire.Quantity),
        Credits = WireValues.FromWireIfAny(wire.Credits),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Card = WireValues.IfAny(wire.Card),
        Version = wire.Version == 0 ? null : wire.Version,
        Price = WireValues.IfAny(wire.Price),
        Dimensions = WireValues.FromWire(wire.Dimensions),
        Tiers =
        [
            .. wire.Tiers.Select(static part => new LedgerTier(
                part.Tier,
                WireValues.IfAny(part.Adjustment),
                WireValues.FromWireIfAny(part.Quantity),
                WireValues.FromWireIfAny(part.UnitPrice),
                WireValues.FromWireIfAny(part.FlatPrice),
                WireValues.FromWireIfAny(part.Credits))),
        ],
        Burned = [.. wire.Burned.Select(static burn => new GrantBurn(burn.Grant, WireValues.FromWire(burn.Credits)))],
        OverageAdded = WireValues.FromWireIfAny(wire.OverageAdded),
        Uncovered = WireValues.FromWireIfAny(wire.Uncovered),
        Mode = wire.Mode == V1.ChargeMode.Unspecified ? null : WireValues.FromWire(wire.Mode),
        Hold = WireValues.IfAny(wire.Hold),
        Held = WireValues.FromWireIfAny(wire.Held),
        Reverses = WireValues.IfAny(wire.Reverses),
        FirstSequence = wire.FirstSequence == 0 ? null : wire.FirstSequence,
        Lines = wire.Lines == 0 ? null : wire.Lines,
    };
}
