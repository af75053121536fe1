using Google.Protobuf.Collections;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Grpc;

/// <summary>Charges and quotes between their messages and the contracts.</summary>
internal static class ChargeMessages
{
    public static ChargeRequest FromWire(V1.ChargeRequest wire, Faults faults)
    {
        var lines = new ChargeLine[Math.Min(wire.Lines.Count, Limits.MaxLinesPerCharge + 1)];
        faults.Enter("lines");
        for (var i = 0; i < lines.Length; i++)
        {
            faults.Enter(i);
            var line = wire.Lines[i];
            lines[i] = new ChargeLine { Meter = line.Meter, Quantity = WireValues.Required(line.Quantity, "quantity", faults) };
            if (line.Dimensions.Count > 0)
            {
                lines[i] = lines[i] with { Dimensions = new Dictionary<string, string>(line.Dimensions, StringComparer.Ordinal) };
            }

            faults.Leave();
        }

        faults.Leave();
        var name = ChargeName.From(
            wire.Id.Length == 0 ? null : wire.Id,
            wire.Producer.Length == 0 ? null : wire.Producer,
            wire.HasProducerSequence ? wire.ProducerSequence : null,
            faults);
        var charge = new ChargeRequest
        {
            Id = name.Id,
            Lines = lines,
            Time = WireValues.Instant(wire.Time, "time", faults),
            Mode = WireValues.Mode(wire.Mode, ChargeMode.Enforce, faults),
            Explain = wire.Explain,
            Producer = name.Producer,
            ProducerSequence = name.ProducerSequence,
            FirstSentAgo = FirstSent.Ago(wire.FirstSentMillisecondsAgo, faults),
        };
        ChargeRules.Check(charge, singleLine: false, faults);
        return charge;
    }

    /// <summary>A charge of a batch: one that is not valid refuses itself and no other. Most are read by <see cref="PlainCharge"/> and never come here.</summary>
    public static BatchItem ItemFromWire(V1.ChargeRequest wire)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", wire.Account);
        var charge = FromWire(wire, faults);
        return faults.Any ? BatchItem.Refused(wire.Account, faults.ToRefusal()) : new BatchItem(wire.Account, charge, null);
    }

    public static V1.ChargeReply ToWire(ChargeReply reply)
    {
        var wire = new V1.ChargeReply
        {
            Id = reply.Id,
            Credits = reply.Credits.ToWire(),
            Uncovered = NotZero(reply.Uncovered),
            Balance = reply.Balance.ToWire(),
            Available = reply.Available.ToWire(),
            Sequence = reply.Sequence,
            Replayed = reply.Replayed,
        };
        AddViolations(wire.Violations, reply.Violations);
        AddExplanation(wire.Explanation, wire.Burned, reply.Explanation ?? [], reply.Burned ?? []);
        AddCrossed(wire.Crossed, reply.Crossed);
        return wire;
    }

    public static V1.ChargeView ToWire(ChargeView charge)
    {
        var wire = new V1.ChargeView
        {
            Id = charge.Id,
            At = charge.At.ToWire(),
            Time = charge.Time.ToWireIfAny(),
            Mode = charge.Mode.ToWire(),
            Credits = charge.Credits.ToWire(),
            Uncovered = NotZero(charge.Uncovered),
            Balance = charge.Balance.ToWire(),
            Available = charge.Available.ToWire(),
            Sequence = charge.Sequence,
            Hold = charge.Hold ?? "",
            Reversed = NotZero(charge.Reversed),
        };
        foreach (var line in charge.Lines)
        {
            var wireLine = new V1.ChargeLine { Meter = line.Meter, Quantity = line.Quantity.ToWire() };
            wireLine.Dimensions.Add(line.Dimensions.ToDictionary());
            wire.Lines.Add(wireLine);
        }

        AddViolations(wire.Violations, charge.Violations);
        AddExplanation(wire.Explanation, wire.Burned, charge.Explanation, charge.Burned);
        AddCrossed(wire.Crossed, charge.Crossed);
        return wire;
    }

    public static V1.QuoteReply ToWire(QuoteReply quote)
    {
        var wire = new V1.QuoteReply
        {
            Credits = quote.Credits.ToWire(),
            Uncovered = NotZero(quote.Uncovered),
            Balance = quote.Balance.ToWire(),
            Available = quote.Available.ToWire(),
        };
        AddViolations(wire.Violations, quote.Violations);
        AddExplanation(wire.Explanation, wire.Burned, quote.Explanation, quote.Burned);
        return wire;
    }

    public static void AddViolations(RepeatedField<string> wire, IReadOnlyList<Code> violations)
    {
        foreach (var violation in violations)
        {
            wire.Add(WireNames.Of(violation));
        }
    }

    public static void AddCrossed(RepeatedField<V1.CrossedThreshold> wire, IReadOnlyList<CrossedThreshold> crossed)
    {
        foreach (var threshold in crossed)
        {
            wire.Add(new V1.CrossedThreshold { Budget = threshold.Budget, Threshold = threshold.Threshold });
        }
    }

    public static void AddExplanation(
        RepeatedField<V1.LineExplanation> wireLines,
        RepeatedField<V1.GrantBurn> wireBurned,
        IReadOnlyList<LineExplanation> lines,
        IReadOnlyList<GrantBurn> burned)
    {
        foreach (var line in lines)
        {
            wireLines.Add(ToWire(line));
        }

        AddBurned(wireBurned, burned);
    }

    public static void AddBurned(RepeatedField<V1.GrantBurn> wire, IReadOnlyList<GrantBurn> burned)
    {
        foreach (var burn in burned)
        {
            wire.Add(new V1.GrantBurn { Grant = burn.Grant, Credits = burn.Credits.ToWire() });
        }
    }

    private static V1.Decimal? NotZero(decimal amount) => amount == 0m ? null : amount.ToWire();

    private static V1.LineExplanation ToWire(LineExplanation line)
    {
        var wire = new V1.LineExplanation
        {
            Meter = line.Meter,
            Card = line.Card,
            Version = line.Version,
            Price = line.Price,
            QuantityBefore = line.QuantityBefore.ToWire(),
            Quantity = line.Quantity.ToWire(),
            Credits = line.Credits.ToWire(),
        };
        foreach (var tier in line.Tiers)
        {
            wire.Tiers.Add(new V1.TierExplanation
            {
                Tier = tier.Tier,
                Quantity = tier.Quantity.ToWire(),
                UnitPrice = tier.UnitPrice.ToWire(),
                FlatPrice = NotZero(tier.FlatPrice),
                Credits = tier.Credits.ToWire(),
            });
        }

        foreach (var adjustment in line.Adjustments)
        {
            wire.Adjustments.Add(new V1.AdjustmentExplanation { Kind = WireNames.Of(adjustment.Kind), Credits = adjustment.Credits.ToWire() });
        }

        return wire;
    }
}
