using Google.Protobuf.Collections;

namespace Metering.Client.Wire;

/// <summary>Charges and quotes to and from their messages.</summary>
internal static class ChargeMessages
{
    // A quote needs an id as a charge does, but any will do.
    private const string QuoteId = "quote";

    public static V1.ChargeRequest ToWire(string account, Charge charge)
    {
        var wire = ToWire(account, (Usage)charge);
        wire.Id = charge.Id.Name;
        if (charge.Id.Producer is { } producer)
        {
            wire.Producer = producer;
            wire.ProducerSequence = charge.Id.Sequence;
        }

        return wire;
    }

    public static V1.ChargeRequest QuoteToWire(string account, Usage usage)
    {
        var wire = ToWire(account, usage);
        wire.Id = QuoteId;
        return wire;
    }

    public static Answer<ChargeReply> FromWire(V1.ChargeResult wire) => wire.Reply is { } reply
        ? new Answer<ChargeReply>(FromWire(reply), null)
        : new Answer<ChargeReply>(null, RefusalMessages.FromWire(wire.Refusal));

    public static IReadOnlyList<Answer<ChargeReply>> FromWire(V1.ChargeManyReply wire) => [.. wire.Results.Select(FromWire)];

    public static ChargeReply FromWire(V1.ChargeReply wire) => new()
    {
        Id = wire.Id,
        Credits = WireValues.FromWire(wire.Credits),
        Uncovered = WireValues.FromWire(wire.Uncovered),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
        Violations = FromWire(wire.Violations),
        Crossed = FromWire(wire.Crossed),
        Explanation = FromWire(wire.Explanation),
        Burned = FromWire(wire.Burned),
    };

    public static PastCharge PastFromWire(V1.ChargeView wire) => new()
    {
        Id = wire.Id,
        At = wire.At.ToDateTimeOffset(),
        Time = WireValues.FromWire(wire.Time),
        Mode = WireValues.FromWire(wire.Mode),
        Lines =
        [
            .. wire.Lines.Select(static line => new ChargeLine(line.Meter, WireValues.FromWire(line.Quantity))
            {
                Dimensions = WireValues.FromWire(line.Dimensions),
            }),
        ],
        Credits = WireValues.FromWire(wire.Credits),
        Uncovered = WireValues.FromWire(wire.Uncovered),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Sequence = wire.Sequence,
        Violations = FromWire(wire.Violations),
        Crossed = FromWire(wire.Crossed),
        Explanation = FromWire(wire.Explanation),
        Burned = FromWire(wire.Burned),
        Hold = WireValues.IfAny(wire.Hold),
        Reversed = WireValues.FromWire(wire.Reversed),
    };

    public static Quote FromWire(V1.QuoteReply wire) => new()
    {
        Credits = WireValues.FromWire(wire.Credits),
        Uncovered = WireValues.FromWire(wire.Uncovered),
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Violations = FromWire(wire.Violations),
        Explanation = FromWire(wire.Explanation),
        Burned = FromWire(wire.Burned),
    };

    // Most charges have none of these: then nothing is allocated for them.
    public static IReadOnlyList<string> FromWire(RepeatedField<string> wire) => wire.Count == 0 ? [] : [.. wire];

    public static IReadOnlyList<CrossedThreshold> FromWire(RepeatedField<V1.CrossedThreshold> wire) =>
        wire.Count == 0 ? [] : [.. wire.Select(static crossed => new CrossedThreshold(crossed.Budget, crossed.Threshold))];

    public static IReadOnlyList<GrantBurn> FromWire(RepeatedField<V1.GrantBurn> wire) =>
        wire.Count == 0 ? [] : [.. wire.Select(static burn => new GrantBurn(burn.Grant, WireValues.FromWire(burn.Credits)))];

    public static IReadOnlyList<LineExplanation> FromWire(RepeatedField<V1.LineExplanation> wire) =>
        wire.Count == 0 ? [] : [.. wire.Select(FromWire)];

    private static V1.ChargeRequest ToWire(string account, Usage usage)
    {
        var wire = new V1.ChargeRequest
        {
            Account = account,
            Time = WireValues.ToWire(usage.Time),
            Mode = WireValues.ToWire(usage.Mode),
            Explain = usage.Explain,
        };
        foreach (var line in usage.Lines)
        {
            var wireLine = new V1.ChargeLine { Meter = line.Meter, Quantity = WireValues.ToWire(line.Quantity) };
            WireValues.Add(wireLine.Dimensions, line.Dimensions);
            wire.Lines.Add(wireLine);
        }

        return wire;
    }

    private static LineExplanation FromWire(V1.LineExplanation wire) => new()
    {
        Meter = wire.Meter,
        Card = wire.Card,
        Version = wire.Version,
        Price = wire.Price,
        QuantityBefore = WireValues.FromWire(wire.QuantityBefore),
        Quantity = WireValues.FromWire(wire.Quantity),
        Tiers =
        [
            .. wire.Tiers.Select(static tier => new TierExplanation(
                tier.Tier,
                WireValues.FromWire(tier.Quantity),
                WireValues.FromWire(tier.UnitPrice),
                WireValues.FromWire(tier.FlatPrice),
                WireValues.FromWire(tier.Credits))),
        ],
        Adjustments = [.. wire.Adjustments.Select(static adjustment => new AdjustmentExplanation(adjustment.Kind, WireValues.FromWire(adjustment.Credits)))],
        Credits = WireValues.FromWire(wire.Credits),
    };
}
