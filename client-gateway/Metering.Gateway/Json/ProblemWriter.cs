using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>A refusal as an RFC 9457 problem.</summary>
internal static class ProblemWriter
{
    /// <summary>Goes before a code to make the problem's type: a name, not a place.</summary>
    public const string TypePrefix = "urn:metering:problem:";

    public static void Write(Utf8JsonWriter json, int status, Refusal refusal)
    {
        var code = WireNames.Of(refusal.Code);
        json.WriteStartObject();
        json.WriteString("type"u8, TypePrefix + code);
        json.WriteString("title"u8, Title(code));
        json.WriteNumber("status"u8, status);
        json.WriteString("code"u8, code);
        json.WriteString("detail"u8, refusal.Detail);
        if (!string.IsNullOrEmpty(refusal.Account))
        {
            json.WriteString("account"u8, refusal.Account);
        }

        json.WriteAmountIfAny("required"u8, refusal.Required);
        json.WriteAmountIfAny("available"u8, refusal.Available);
        json.WriteBoolean("retryable"u8, refusal.IsRetryable);
        if (refusal.Errors.Count > 0)
        {
            json.WriteStartArray("errors"u8);
            foreach (var fault in refusal.Errors)
            {
                json.WriteStartObject();
                json.WriteString("path"u8, fault.Path);
                json.WriteString("code"u8, fault.Code);
                json.WriteString("message"u8, fault.Message);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, Refusal refusal) => Write(json, (int)Statuses.Http(refusal.Code), refusal);

    private static string Title(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('_', ' ');
}
