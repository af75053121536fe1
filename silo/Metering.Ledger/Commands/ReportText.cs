using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Commands;

/// <summary>What the command line says of what it found.</summary>
internal static class ReportText
{
    private static readonly JsonSerializerOptions Json = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>A row as JSON, its columns named as in segments; amounts are strings.</summary>
    internal static string Of(LedgerRow row) => JsonSerializer.Serialize(
        new
        {
            row.Account,
            row.Sequence,
            row.Line,
            HappenedAt = row.At,
            row.UsageAt,
            Kind = KindName.Of(row.Kind),
            row.Id,
            row.Meter,
            Quantity = row.Quantity?.ToString(),
            Credits = row.Credits?.ToString(),
            Balance = row.Balance.ToString(),
            Available = row.Available.ToString(),
            row.Card,
            row.Version,
            row.Price,
            row.PeriodStart,
            Dimensions = row.Dimensions.Count == 0 ? null : row.Dimensions.ToDictionary(static dimension => dimension.Name, static dimension => dimension.Value),
            row.Tiers,
            Burned = row.Burned.Count == 0 ? null : row.Burned.Select(static burn => new { burn.Grant, Credits = burn.Credits.ToString() }),
            OverageAdded = row.OverageAdded?.ToString(),
            Uncovered = row.Uncovered?.ToString(),
            row.Mode,
            row.Producer,
            row.ProducerSequence,
            row.Hold,
            Held = row.Held?.ToString(),
            row.Reverses,
            row.Hash,
            row.FirstSequence,
            row.Lines,
        },
        Json);

    internal static string Of(ChainBreak broken) => broken.Reason switch
    {
        BreakReason.Missing => $"account {broken.Account}: entries are missing before sequence {broken.Sequence}",
        BreakReason.Changed => $"account {broken.Account}: sequence {broken.Sequence}, line {broken.Line} is not what was written",
    };
}
