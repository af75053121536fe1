using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>What a watcher is told.</summary>
internal static class WatchWriter
{
    public static void Write(Utf8JsonWriter json, AccountChange change)
    {
        json.WriteStartObject();
        json.WriteNumber("sequence"u8, change.Sequence);
        json.WriteInstant("at"u8, change.At);
        json.WriteString("kind"u8, WireNames.Of(change.Kind));
        if (change.Subject is { } subject)
        {
            json.WriteString("subject"u8, subject);
        }

        json.WriteAmount("credits"u8, change.Credits);
        json.WriteAmount("balance"u8, change.Balance);
        json.WriteAmount("available"u8, change.Available);
        json.WriteEndObject();
    }

    /// <summary>Where the account stands when watching begins.</summary>
    public static void WriteStart(Utf8JsonWriter json, AccountView account)
    {
        json.WriteStartObject();
        json.WriteNumber("sequence"u8, account.Sequence);
        json.WriteAmount("balance"u8, account.Balance);
        json.WriteAmount("available"u8, account.Available);
        json.WriteEndObject();
    }

    /// <summary>Changes up to a sequence that can no longer be told.</summary>
    public static void WriteSkipped(Utf8JsonWriter json, long through)
    {
        json.WriteStartObject();
        json.WriteNumber("through"u8, through);
        json.WriteEndObject();
    }
}
