using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Accounts and their grants.</summary>
internal static class AccountWriter
{
    public static void Write(Utf8JsonWriter json, AccountView account)
    {
        var settings = account.Settings;
        json.WriteStartObject();
        json.WriteString("account"u8, account.Account);
        json.WriteString("displayName"u8, settings.DisplayName);
        json.WriteString("rateCard"u8, settings.RateCard);
        json.WriteAmount("discountPercent"u8, settings.DiscountPercent);
        json.WriteAmount("creditLimit"u8, settings.CreditLimit);
        json.WriteStartObject("period"u8);
        json.WriteString("every"u8, WireNames.Of(settings.Period.Every));
        json.WriteInstant("anchor"u8, settings.Period.Anchor);
        json.WriteEndObject();
        json.WritePairs("metadata"u8, settings.Metadata);
        json.WriteAmount("balance"u8, account.Balance);
        json.WriteAmount("available"u8, account.Available);
        json.WriteAmount("held"u8, account.Held);
        json.WriteAmount("overage"u8, account.Overage);
        json.WriteNumber("sequence"u8, account.Sequence);
        json.WriteInstant("createdAt"u8, account.CreatedAt);
        json.WriteString("durability"u8, WireNames.Of(account.Durability));
        WriteGrantList(json, account.Grants);
        json.WriteEndObject();
    }

    public static void WriteGrants(Utf8JsonWriter json, AccountView account)
    {
        json.WriteStartObject();
        WriteGrantList(json, account.Grants);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, GrantReply reply)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Id);
        json.WriteString("outcome"u8, WireNames.Of(reply.Outcome));
        json.WriteAmount("credits"u8, reply.Credits);
        json.WriteAmount("balance"u8, reply.Balance);
        json.WriteAmount("available"u8, reply.Available);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
        json.WriteEndObject();
    }

    private static void WriteGrantList(Utf8JsonWriter json, IReadOnlyList<GrantView> grants)
    {
        json.WriteStartArray("grants"u8);
        foreach (var grant in grants)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, grant.Id);
            json.WriteAmount("amount"u8, grant.Amount);
            json.WriteAmount("remaining"u8, grant.Remaining);
            json.WriteNumber("priority"u8, grant.Priority);
            json.WriteString("kind"u8, WireNames.Of(grant.Kind));
            json.WriteString("status"u8, WireNames.Of(grant.Status));
            json.WriteInstant("effectiveAt"u8, grant.EffectiveAt);
            json.WriteInstantIfAny("expiresAt"u8, grant.ExpiresAt);
            json.WriteTextsIfAny("meters"u8, grant.Meters);
            json.WriteInstant("addedAt"u8, grant.AddedAt);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
