namespace Metering.Gateway.Json;

/// <summary>Fields of CSV (RFC 4180).</summary>
internal static class CsvText
{
    /// <summary>Quoted where it has to be; empty for null.</summary>
    public static string Field(string? value) =>
        value is null ? ""
        : value.AsSpan().IndexOfAny("\",\r\n") < 0 ? value
        : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
