using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>A charge as it was sent: <c>{id, meter, quantity, …}</c> or <c>{id, lines, …}</c>, in a batch with its account, in a quote with a draft.</summary>
internal readonly record struct ChargeBody(ChargeRequest Charge, string? Account, RateCardDraft? RateCard);

internal static class ChargeReader
{
    private const int Id = 0;
    private const int Meter = 1;
    private const int Quantity = 2;
    private const int Dimensions = 3;
    private const int Lines = 4;
    private const int Time = 5;
    private const int Mode = 6;
    private const int Explain = 7;
    private const int Producer = 8;
    private const int ProducerSequence = 9;
    private const int FirstSentAgo = 10;
    private const int Extra = 11;

    private static readonly string[] Names =
        ["id", "meter", "quantity", "dimensions", "lines", "time", "mode", "explain", "producer", "producerSequence", "firstSentMillisecondsAgo"];

    private static readonly FieldNames Fields = new(Names);
    private static readonly FieldNames BatchFields = new([.. Names, "account"]);
    private static readonly FieldNames QuoteFields = new([.. Names, "rateCard"]);
    private static readonly FieldNames LineFields = new("", "meter", "quantity", "dimensions");

    public static ChargeBody Read(ref JsonCursor json) => Read(ref json, Fields);

    /// <summary>An item of a batch, which names its account.</summary>
    public static ChargeBody ReadItem(ref JsonCursor json)
    {
        var body = Read(ref json, BatchFields);
        Shape.Name(json.Faults, "account", body.Account ?? "");
        return body;
    }

    public static ChargeBody ReadQuote(ref JsonCursor json) => Read(ref json, QuoteFields);

    private static ChargeBody Read(ref JsonCursor json, FieldNames fields)
    {
        if (!json.IsObjectHere())
        {
            return default;
        }

        string? id = null, account = null, producer = null;
        long? producerSequence = null, firstSentMillisecondsAgo = null;
        List<ChargeLine>? lines = null;
        RateCardDraft? rateCard = null;
        DateTimeOffset? time = null;
        ChargeMode? mode = null;
        bool? explain = null;
        var line = default(LineBody);
        var (hasLine, hasLines) = (false, false);
        var seen = 0u;
        while (json.NextField(fields, ref seen, out var field))
        {
            switch (field)
            {
                case Id: id = json.Text("id"); break;
                case Lines:
                    hasLines = true;
                    lines = ReadLines(ref json);
                    break;
                case Time: time = json.Instant("time"); break;
                case Mode: mode = json.Choice(WireNames.ChargeModes, "mode"); break;
                case Explain: explain = json.Flag("explain"); break;
                case Producer: producer = json.Text("producer"); break;
                case ProducerSequence: producerSequence = json.LongNumber("producerSequence"); break;
                case FirstSentAgo: firstSentMillisecondsAgo = json.LongNumber("firstSentMillisecondsAgo"); break;
                case Extra when fields == BatchFields: account = json.Text("account"); break;
                case Extra: rateCard = RateCardReader.ReadNested(ref json, "rateCard"); break;
                default:
                    hasLine = true;
                    line.Read(ref json, field);
                    break;
            }
        }

        if (hasLine && hasLines)
        {
            json.Faults.Add("lines", FaultCodes.Conflict, "Give either meter and quantity, or lines.");
        }

        var name = ChargeName.From(id, producer, producerSequence, json.Faults);
        var charge = new ChargeRequest
        {
            Id = name.Id,
            Producer = name.Producer,
            ProducerSequence = name.ProducerSequence,
            Lines = hasLines ? lines ?? [] : [line.ToLine(json.Faults)],
            Time = time,
            Mode = mode ?? ChargeMode.Enforce,
            Explain = explain ?? false,
            FirstSentAgo = FirstSent.Ago(firstSentMillisecondsAgo, json.Faults),
        };
        ChargeRules.Check(charge, singleLine: !hasLines, json.Faults);
        return new ChargeBody(charge, account, rateCard);
    }

    private static List<ChargeLine>? ReadLines(ref JsonCursor json)
    {
        if (!json.IsArray("lines"))
        {
            return null;
        }

        var lines = new List<ChargeLine>();
        json.Faults.Enter("lines");
        for (var i = 0; json.NextElement(); i++)
        {
            json.Faults.Enter(i);
            if (lines.Count > Limits.MaxLinesPerCharge)
            {
                json.Skip();
            }
            else
            {
                lines.Add(ReadLine(ref json));
            }

            json.Faults.Leave();
        }

        json.Faults.Leave();
        return lines;
    }

    private static ChargeLine ReadLine(ref JsonCursor json)
    {
        var line = default(LineBody);
        if (json.IsObjectHere())
        {
            var seen = 0u;
            while (json.NextField(LineFields, ref seen, out var field))
            {
                line.Read(ref json, field);
            }
        }

        return line.ToLine(json.Faults);
    }

    /// <summary>The fields of a line, which stand in the body itself or in <c>lines</c>.</summary>
    private struct LineBody
    {
        private string? _meter;
        private decimal? _quantity;
        private Dictionary<string, string>? _dimensions;

        public void Read(ref JsonCursor json, int field)
        {
            switch (field)
            {
                case Meter: _meter = json.Text("meter"); break;
                case Quantity: _quantity = json.Number("quantity"); break;
                default: _dimensions = json.Pairs("dimensions", Limits.MaxDimensions); break;
            }
        }

        public readonly ChargeLine ToLine(Faults faults)
        {
            if (_quantity is null)
            {
                faults.Add("quantity", FaultCodes.Required, "It must be given.");
            }

            var line = new ChargeLine { Meter = _meter ?? "", Quantity = _quantity ?? 0m };
            return _dimensions is null ? line : line with { Dimensions = _dimensions };
        }
    }
}
