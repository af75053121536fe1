using System.Globalization;
using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Http;
using Metering.Gateway.Json;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Grpc;

/// <summary>What the ledger is asked and answers, between messages and the contracts.</summary>
internal static class LedgerMessages
{
    /// <param name="wire">What is asked.</param>
    /// <param name="defaultLimit">Entries of a page when it does not say.</param>
    /// <param name="faults">Where faults go, by the names of the query over HTTP.</param>
    public static LedgerRequest FromWire(V1.ReadLedgerRequest wire, int defaultLimit, Faults faults)
    {
        var (from, to) = (WireValues.Instant(wire.From, "from", faults), WireValues.Instant(wire.To, "to", faults));
        LedgerRules.Range(faults, from, to);
        var (after, afterAt, afterIsRolledUp) = LedgerRules.Cursor(faults, wire.Cursor);
        Shape.Dimensions(faults, "dimension", wire.Dimensions);
        return new LedgerRequest
        {
            After = after,
            AfterAt = afterAt,
            AfterIsRolledUp = afterIsRolledUp,
            From = from,
            To = to,
            Kinds = LedgerRules.Kinds(faults, "kind", wire.Kinds),
            Meter = LedgerRules.Meter(faults, wire.Meter),
            Dimensions = new Dictionary<string, string>(wire.Dimensions, StringComparer.Ordinal),
            Limit = LedgerRules.Limit(faults, wire.HasLimit ? wire.Limit : defaultLimit),
            WithBalances = after == 0,
        };
    }

    public static V1.LedgerPage ToWire(LedgerPage page)
    {
        var wire = new V1.LedgerPage
        {
            Cursor = page.More ? LedgerCursor.After(page.Lines[^1]) : "",
            OpeningBalance = page.OpeningBalance.ToWireIfAny(),
            ClosingBalance = page.ClosingBalance.ToWireIfAny(),
            Detail = page.Detail.ToWire(),
        };
        wire.Entries.Add(page.Lines.Select(ToWire));
        wire.Damaged.Add(page.Damaged);
        return wire;
    }

    public static V1.LedgerCheck ToWire(LedgerCheck check)
    {
        var wire = new V1.LedgerCheck
        {
            Holds = check.Break is null && check.Damaged.Count == 0,
            Rows = check.Rows,
            First = check.First,
            Last = check.Last,
            Break = check.Break is { } found ? new V1.LedgerBreak { Sequence = found.Sequence, Line = found.Line, Reason = WireNames.Of(found.Reason) } : null,
        };
        wire.Damaged.Add(check.Damaged);
        return wire;
    }

    public static V1.Statement ToWire(Statement statement)
    {
        var wire = new V1.Statement
        {
            Account = statement.Account,
            DisplayName = statement.DisplayName,
            From = statement.From.ToWire(),
            To = statement.To.ToWire(),
            Running = statement.IsRunning,
            OpeningBalance = statement.Opening.ToWireIfAny(),
            ClosingBalance = statement.Closing.ToWireIfAny(),
            Detail = statement.Detail.ToWire(),
        };
        wire.Grants.Add(statement.Grants.Select(static line => new V1.StatementGrant
        {
            Sequence = line.Sequence,
            At = line.At.ToWire(),
            Kind = WireNames.Of(line.Kind),
            Id = line.Subject ?? "",
            Credits = line.Credits.ToWireIfAny(),
        }));
        wire.Usage.Add(statement.Usage.Select(static row => new V1.StatementUsage
        {
            Meter = row.Groups[0] ?? "",
            Quantity = row.Quantity.SumToWire(),
            Credits = row.Credits.SumToWire(),
            Lines = row.Lines,
        }));
        wire.Damaged.Add(statement.Damaged);
        return wire;
    }

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

    private static V1.LedgerEntry ToWire(LedgerLine line)
    {
        var wire = new V1.LedgerEntry
        {
            Sequence = line.Sequence,
            Line = line.Line,
            At = line.At.ToWire(),
            Time = line.Time.ToWireIfAny(),
            Kind = WireNames.Of(line.Kind),
            Id = line.Subject ?? "",
            Meter = line.Meter ?? "",
            Quantity = line.Quantity.ToWireIfAny(),
            Credits = line.Credits.ToWireIfAny(),
            Balance = line.Balance.ToWire(),
            Available = line.Available.ToWire(),
            Card = line.Card ?? "",
            Version = line.Version ?? 0,
            Price = line.Price ?? "",
            OverageAdded = line.OverageAdded.ToWireIfAny(),
            Uncovered = line.Uncovered.ToWireIfAny(),
            Mode = line.Mode is { } mode && WireNames.ChargeModes.TryParse(mode, out var known) ? known.ToWire() : V1.ChargeMode.Unspecified,
            Hold = line.Hold ?? "",
            Held = line.Held.ToWireIfAny(),
            Reverses = line.Reverses ?? "",
            FirstSequence = line.Lines is null ? 0 : line.FirstSequence ?? line.Sequence,
            Lines = line.Lines ?? 0,
        };
        wire.Dimensions.Add(line.Dimensions.ToDictionary());
        wire.Burned.Add(line.Burned.Select(static burn => new V1.GrantBurn { Grant = burn.Grant, Credits = burn.Credits.ToWire() }));
        if (line.Tiers is { } tiers)
        {
            using var json = JsonDocument.Parse(tiers);
            wire.Tiers.Add(json.RootElement.EnumerateArray().Select(static part => new V1.LedgerTier
            {
                Tier = part.TryGetProperty("tier", out var tier) ? tier.GetInt32() : 0,
                Adjustment = part.TryGetProperty("adjustment", out var adjustment) ? adjustment.GetString()! : "",
                Quantity = Amount(part, "quantity"),
                UnitPrice = Amount(part, "unitPrice"),
                FlatPrice = Amount(part, "flatPrice"),
                Credits = Amount(part, "credits"),
            }));
        }

        return wire;
    }

    private static V1.Decimal? Amount(JsonElement part, string field) =>
        part.TryGetProperty(field, out var amount) ? decimal.Parse(amount.GetString()!, NumberStyles.Number, CultureInfo.InvariantCulture).ToWire() : null;
}
