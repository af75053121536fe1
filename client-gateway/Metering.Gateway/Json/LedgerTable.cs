using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>A ledger as CSV (RFC 4180): a row to each line of an entry; what has parts (dimensions, tiers, burns) as JSON in its field.</summary>
internal static class LedgerTable
{
    public const string ContentType = "text/csv; charset=utf-8";

    public const string Header =
        "sequence,line,at,time,kind,id,meter,quantity,credits,balance,available,card,version,price,dimensions,tiers,burned,overageAdded,uncovered,mode,hold,held,reverses,firstSequence,lines\r\n";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Rows(IReadOnlyList<LedgerLine> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            Append(text, line);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, LedgerLine line)
    {
        string?[] fields =
        [
            line.Sequence.ToString(CultureInfo.InvariantCulture), line.Line.ToString(CultureInfo.InvariantCulture), InstantText.Format(line.At),
            line.Time is { } time ? InstantText.Format(time) : null, WireNames.Of(line.Kind), line.Subject, line.Meter, Amount(line.Quantity), Amount(line.Credits),
            Amount(line.Balance), Amount(line.Available), line.Card, line.Version?.ToString(CultureInfo.InvariantCulture), line.Price,
            line.Dimensions.Count > 0 ? JsonSerializer.Serialize(line.Dimensions, Json) : null, line.Tiers,
            line.Burned.Count > 0 ? JsonSerializer.Serialize(line.Burned.Select(static burn => new { grant = burn.Grant, credits = Amount(burn.Credits) }), Json) : null,
            Amount(line.OverageAdded), Amount(line.Uncovered), line.Mode, line.Hold, Amount(line.Held), line.Reverses,
            line.Lines is null ? null : line.FirstSequence?.ToString(CultureInfo.InvariantCulture), line.Lines?.ToString(CultureInfo.InvariantCulture),
        ];
        for (var i = 0; i < fields.Length; i++)
        {
            text.Append(i > 0 ? "," : "").Append(CsvText.Field(fields[i]));
        }

        text.Append("\r\n");
    }

    private static string? Amount(decimal? amount)
    {
        if (amount is not { } value)
        {
            return null;
        }

        Span<byte> text = stackalloc byte[DecimalText.MaxLength];
        return Encoding.ASCII.GetString(text[..DecimalText.Format(value, text)]);
    }
}
