namespace Metering.Client.Wire;

/// <summary>What watchers are told, from its messages.</summary>
internal static class WatchMessages
{
    public static AccountEvent FromWire(V1.AccountEvent wire) => wire.EventCase switch
    {
        V1.AccountEvent.EventOneofCase.Account =>
            new AccountPosition(wire.Account.Sequence, WireValues.FromWire(wire.Account.Balance), WireValues.FromWire(wire.Account.Available)),
        V1.AccountEvent.EventOneofCase.Change => new AccountChange(wire.Change.Sequence)
        {
            At = wire.Change.At.ToDateTimeOffset(),
            Kind = wire.Change.Kind,
            Subject = WireValues.IfAny(wire.Change.Subject),
            Credits = WireValues.FromWire(wire.Change.Credits),
            Balance = WireValues.FromWire(wire.Change.Balance),
            Available = WireValues.FromWire(wire.Change.Available),
        },
        V1.AccountEvent.EventOneofCase.Skipped => new ChangesSkipped(wire.Skipped.Through),
        _ => throw WireValues.Unknown(wire.EventCase),
    };
}
