using System.Globalization;
using System.Text.Json;

namespace Metering.Cluster.Load;

/// <summary>What a gateway said, as it came. Amounts are decimal strings.</summary>
internal readonly record struct Answer(int Status, JsonElement Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Status} {(Body.ValueKind == JsonValueKind.Undefined ? "" : Body.GetRawText())}");
}

internal static class AnswerReading
{
    public static decimal Amount(this JsonElement body, string name) =>
        decimal.Parse(body.GetProperty(name).GetString()!, NumberStyles.Number, CultureInfo.InvariantCulture);

    public static decimal AmountOr(this JsonElement body, string name, decimal otherwise) =>
        body.TryGetProperty(name, out _) ? body.Amount(name) : otherwise;

    /// <summary>The stable code of a problem; null for a reply.</summary>
    public static string? Code(this JsonElement body) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty("code", out var code) ? code.GetString() : null;

    public static string Text(this decimal amount) => amount.ToString("0.#########", CultureInfo.InvariantCulture);
}
