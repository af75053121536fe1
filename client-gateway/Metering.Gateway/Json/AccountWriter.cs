using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Accounts and their grants.</summary>
internal static class AccountWriter
{
    public static void Write(Utf8JsonWriter json, AccountView account)
    {
        json.WriteStartObject();
        json.WriteString("account"u8, account.Account);
        json.WriteString("status"u8, WireNames.Of(account.Status));
        WriteSettings(json, account.Settings);
        json.WriteAmount("balance"u8, account.Balance);
        json.WriteAmount("available"u8, account.Available);
        json.WriteAmount("held"u8, account.Held);
        json.WriteAmount("overage"u8, account.Overage);
        json.WriteNumber("sequence"u8, account.Sequence);
        json.WriteInstant("createdAt"u8, account.CreatedAt);
        json.WriteString("durability"u8, WireNames.Of(account.Durability));
        WriteGrantList(json, account.Grants);
        HoldWriter.WriteList(json, account.Holds);
        json.WriteNumber("holdCount"u8, account.HoldCount);
        json.WriteStartArray("budgets"u8);
        foreach (var budget in account.Budgets)
        {
            GovernanceWriter.Write(json, budget);
        }

        json.WriteEndArray();
        json.WritePropertyName("policy"u8);
        GovernanceWriter.Write(json, account.Policy);
        WriteCounters(json, account.Counters);
        json.WriteEndObject();
    }

    /// <summary>The fields of an account's settings, within an object.</summary>
    public static void WriteSettings(Utf8JsonWriter json, AccountRequest settings)
    {
        json.WriteString("displayName"u8, settings.DisplayName);
        json.WriteString("rateCard"u8, settings.RateCard);
        json.WriteAmount("discountPercent"u8, settings.DiscountPercent);
        json.WriteAmount("creditLimit"u8, settings.CreditLimit);
        json.WriteStartObject("period"u8);
        json.WriteString("every"u8, WireNames.Of(settings.Period.Every));
        json.WriteInstant("anchor"u8, settings.Period.Anchor);
        json.WriteEndObject();
        json.WritePairs("metadata"u8, settings.Metadata);
    }

    public static void WriteGrants(Utf8JsonWriter json, AccountView account)
    {
        json.WriteStartObject();
        WriteGrantList(json, account.Grants);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, GrantReply reply) => Write(json, new Warned<GrantReply>(reply, []));

    public static void Write(Utf8JsonWriter json, Warned<GrantReply> warned)
    {
        var reply = warned.Reply;
        json.WriteStartObject();
        json.WriteString("id"u8, reply.Id);
        json.WriteString("outcome"u8, WireNames.Of(reply.Outcome));
        json.WriteAmount("credits"u8, reply.Credits);
        json.WriteAmount("balance"u8, reply.Balance);
        json.WriteAmount("available"u8, reply.Available);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
        json.WriteTextsIfAny("warnings"u8, warned.Warnings);
        json.WriteEndObject();
    }

    private static void WriteGrantList(Utf8JsonWriter json, IReadOnlyList<GrantView> grants)
    {
        json.WriteStartArray("grants"u8);
        foreach (var grant in grants)
        {
            Write(json, grant);
        }

        json.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter json, GrantView grant)
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
        WriteRecurrence(json, grant.Recurrence, grant.Rollover);
        json.WriteInstantIfAny("nextRefillAt"u8, grant.NextRefillAt);
        json.WriteEndObject();
    }

    /// <summary>The fields of a grant as it was asked for, within an object.</summary>
    public static void WriteFields(Utf8JsonWriter json, GrantRequest grant)
    {
        json.WriteString("id"u8, grant.Id);
        json.WriteAmount("amount"u8, grant.Amount);
        json.WriteNumber("priority"u8, grant.Priority);
        json.WriteString("kind"u8, WireNames.Of(grant.Kind));
        json.WriteInstantIfAny("effectiveAt"u8, grant.EffectiveAt);
        json.WriteInstantIfAny("expiresAt"u8, grant.ExpiresAt);
        json.WriteTextsIfAny("meters"u8, grant.Meters);
        WriteRecurrence(json, grant.Recurrence, grant.Rollover);
    }

    private static void WriteRecurrence(Utf8JsonWriter json, Recurrence? refills, Rollover? rest)
    {
        if (refills is { } recurrence)
        {
            json.WriteStartObject("recurrence"u8);
            json.WriteString("every"u8, WireNames.Of(recurrence.Every));
            json.WriteNumber("count"u8, recurrence.Count);
            json.WriteInstantIfAny("anchor"u8, recurrence.Anchor);
            json.WriteEndObject();
        }

        if (rest is { } rollover)
        {
            json.WriteStartObject("rollover"u8);
            json.WriteAmount("minimum"u8, rollover.Minimum);
            json.WriteAmountIfAny("maximum"u8, rollover.Maximum == GrantRules.AllRollsOver ? null : rollover.Maximum);
            json.WriteEndObject();
        }
    }

    private static void WriteCounters(Utf8JsonWriter json, IReadOnlyList<UsageCounterView> counters)
    {
        json.WriteStartArray("counters"u8);
        foreach (var counter in counters)
        {
            json.WriteStartObject();
            json.WriteString("card"u8, counter.Card);
            json.WriteString("meter"u8, counter.Meter);
            json.WriteString("price"u8, counter.Price);
            json.WriteInstant("periodStart"u8, counter.PeriodStart);
            json.WriteAmount("quantity"u8, counter.Quantity);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
