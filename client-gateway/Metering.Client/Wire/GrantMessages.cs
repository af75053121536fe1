namespace Metering.Client.Wire;

/// <summary>Grants to and from their messages.</summary>
internal static class GrantMessages
{
    public static V1.AddGrantRequest ToWire(string account, Grant grant)
    {
        var wire = new V1.AddGrantRequest
        {
            Account = account,
            Id = grant.Id,
            Amount = WireValues.ToWire(grant.Amount),
            Priority = grant.Priority,
            Kind = grant.Kind switch
            {
                GrantKind.Purchase => V1.GrantKind.Purchase,
                GrantKind.Plan => V1.GrantKind.Plan,
                GrantKind.Promotion => V1.GrantKind.Promotion,
                GrantKind.Refund => V1.GrantKind.Refund,
            },
            EffectiveAt = WireValues.ToWire(grant.EffectiveAt),
            ExpiresAt = WireValues.ToWire(grant.ExpiresAt),
        };
        wire.Meters.Add(grant.Meters);
        if (grant.Recurrence is { } recurrence)
        {
            wire.Recurrence = new V1.Recurrence
            {
                Every = WireValues.ToWire(recurrence.Every),
                Count = recurrence.Count,
                Anchor = WireValues.ToWire(recurrence.Anchor),
            };
        }

        if (grant.Rollover is { } rollover)
        {
            wire.Rollover = new V1.Rollover { Minimum = WireValues.ToWire(rollover.Minimum), Maximum = WireValues.ToWireIfAny(rollover.Maximum) };
        }

        return wire;
    }

    public static GrantReply FromWire(V1.GrantReply wire) => new()
    {
        Id = wire.Id,
        Credits = WireValues.FromWire(wire.Credits),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
        Warnings = ChargeMessages.FromWire(wire.Warnings),
    };

    public static IReadOnlyList<GrantState> FromWire(V1.ListGrantsReply wire) => [.. wire.Grants.Select(FromWire)];

    public static GrantState FromWire(V1.Grant wire) => new()
    {
        Grant = new Grant
        {
            Id = wire.Id,
            Amount = WireValues.FromWire(wire.Amount),
            Priority = wire.Priority,
            Kind = wire.Kind switch
            {
                V1.GrantKind.Purchase => GrantKind.Purchase,
                V1.GrantKind.Plan => GrantKind.Plan,
                V1.GrantKind.Promotion => GrantKind.Promotion,
                V1.GrantKind.Refund => GrantKind.Refund,
                _ => throw WireValues.Unknown(wire.Kind),
            },
            EffectiveAt = WireValues.FromWire(wire.EffectiveAt),
            ExpiresAt = WireValues.FromWire(wire.ExpiresAt),
            Meters = [.. wire.Meters],
            Recurrence = wire.Recurrence is { } recurrence
                ? new Recurrence(WireValues.FromWire(recurrence.Every), recurrence.Count, WireValues.FromWire(recurrence.Anchor))
                : null,
            Rollover = wire.Rollover is { } rollover
                ? new Rollover(WireValues.FromWire(rollover.Minimum), WireValues.FromWireIfAny(rollover.Maximum))
                : null,
        },
        Remaining = WireValues.FromWire(wire.Remaining),
        Status = wire.Status switch
        {
            V1.GrantStatus.Pending => GrantStatus.Pending,
            V1.GrantStatus.Active => GrantStatus.Active,
            V1.GrantStatus.Expired => GrantStatus.Expired,
            V1.GrantStatus.Voided => GrantStatus.Voided,
            _ => throw WireValues.Unknown(wire.Status),
        },
        AddedAt = wire.AddedAt.ToDateTimeOffset(),
        NextRefillAt = WireValues.FromWire(wire.NextRefillAt),
    };
}
