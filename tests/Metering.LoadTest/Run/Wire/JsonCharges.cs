using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Metering.LoadTest.Run;

/// <summary>
/// Charges as JSON: one (its account is in the path), a batch, or a batch of CloudEvents. Everything but names and ids is made once.
/// </summary>
internal sealed class JsonCharges : IChargeFormat
{
    private readonly ChargeText _text;
    private readonly CallKind _kind;
    private readonly byte[][] _usages;

    public JsonCharges(ChargeText text, UsagePattern pattern, CallKind kind)
    {
        _text = text;
        _kind = kind;
        _usages = [.. pattern.Usages.Select(usage => Encoding.UTF8.GetBytes(kind == CallKind.Events ? Event(usage) : Lines(usage)))];
    }

    public void Write(ChargeCall call)
    {
        var to = call.Payload;
        to.Clear();
        to.Write(_kind switch
        {
            CallKind.HttpBatch => """{"charges":["""u8,
            CallKind.Events => "["u8,
            _ => default,
        });
        var firstSent = FirstSent(call.FirstSentMillisecondsAgo);
        var isFirst = true;
        foreach (var charge in call.Charges)
        {
            if (!isFirst)
            {
                to.WriteByte((byte)',');
            }

            isFirst = false;
            to.Write("{"u8);
            to.Write(firstSent);
            to.Write("\"id\":\""u8);
            _text.WriteId(to, charge.Number);
            if (_kind != CallKind.Http)
            {
                to.Write(_kind == CallKind.Events ? "\",\"subject\":\""u8 : "\",\"account\":\""u8);
                _text.WriteAccount(to, charge.Account);
            }

            to.Write(_usages[charge.Usage]);
        }

        to.Write(_kind switch
        {
            CallKind.HttpBatch => "]}"u8,
            CallKind.Events => "]"u8,
            _ => default,
        });
    }

    public void Read(ReadOnlySpan<byte> answer, Span<Outcome> outcomes)
    {
        var json = new Utf8JsonReader(answer);
        json.Read();
        if (_kind == CallKind.Http)
        {
            outcomes[0] = ReadResult(ref json);
            return;
        }

        var read = 0;
        while (json.Read() && json.TokenType != JsonTokenType.StartArray)
        {
        }

        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            if (read == outcomes.Length)
            {
                throw new LoadException($"The server sent more than {read} results for {read} charges.");
            }

            outcomes[read++] = ReadResult(ref json);
        }

        if (read != outcomes.Length)
        {
            throw new LoadException($"The server sent {read} results for {outcomes.Length} charges.");
        }
    }

    /// <summary>Reads the answer to a call that was refused as a whole.</summary>
    public static Outcome ReadProblem(ReadOnlySpan<byte> answer)
    {
        var json = new Utf8JsonReader(answer);
        json.Read();
        return ReadResult(ref json);
    }

    /// <summary>Reads a reply or a problem; the reader stands at its start and then at its end.</summary>
    private static Outcome ReadResult(ref Utf8JsonReader json)
    {
        var (credits, replayed) = ((string?)null, false);
        var code = (string?)null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("credits"u8))
            {
                json.Read();
                credits = json.GetString();
            }
            else if (json.ValueTextEquals("replayed"u8))
            {
                json.Read();
                replayed = json.GetBoolean();
            }
            else if (json.ValueTextEquals("code"u8))
            {
                json.Read();
                code = json.GetString();
            }
            else
            {
                json.Skip();
            }
        }

        return code is not null ? Outcome.Refused(code)
            : credits is not null ? Outcome.Charged((long)(decimal.Parse(credits, CultureInfo.InvariantCulture) * 1_000_000_000m), replayed)
            : throw new LoadException("The server sent a result that is neither a charge nor a problem.");
    }

    // An event has no such field.
    private byte[] FirstSent(long millisecondsAgo) =>
        millisecondsAgo == 0 || _kind == CallKind.Events ? [] : Encoding.UTF8.GetBytes(FormattableString.Invariant($"\"firstSentMillisecondsAgo\":{millisecondsAgo},"));

    private static string Lines(Usage usage) => $"\",\"lines\":[{string.Join(',', usage.Lines.Select(Line))}]}}";

    private static string Line(UsageLine line) =>
        $$"""{"meter":"{{line.Meter}}","quantity":"{{line.QuantityText}}","dimensions":{{Dimensions(line)}}}""";

    private static string Event(Usage usage)
    {
        var line = usage.Lines.Single();
        return $$$"""
            ","specversion":"1.0","source":"load","type":"{{{line.Meter}}}","data":{"quantity":"{{{line.QuantityText}}}","dimensions":{{{Dimensions(line)}}}}}
            """;
    }

    private static string Dimensions(UsageLine line) =>
        $"{{{string.Join(',', line.Dimensions.Select(pair => $"\"{pair.Key}\":\"{pair.Value}\""))}}}";
}
