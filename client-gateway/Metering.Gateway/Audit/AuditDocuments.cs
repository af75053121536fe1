using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.Security;

namespace Metering.Gateway.Audit;

/// <summary>
/// What the audit log shows of a resource: what an administrator sets, as the API writes it, and the account's sequence, which places it in the ledger. Not what only usage moves, and never
/// a secret.
/// </summary>
internal static class AuditDocuments
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Account(AccountView account) => Text(json =>
    {
        json.WriteString("account"u8, account.Account);
        json.WriteString("status"u8, Wire.WireNames.Of(account.Status));
        AccountWriter.WriteSettings(json, account.Settings);
        json.WriteNumber("sequence"u8, account.Sequence);
    });

    public static string Settings(AccountRequest settings) => Text(json => AccountWriter.WriteSettings(json, settings));

    public static string Grant(GrantRequest grant) => Text(json => AccountWriter.WriteFields(json, grant));

    public static string Grant(GrantRequest grant, GrantReply reply) => Text(json =>
    {
        AccountWriter.WriteFields(json, grant);
        json.WriteNumber("sequence"u8, reply.Sequence);
        json.WriteBoolean("replayed"u8, reply.Replayed);
    });

    public static string? Grant(AccountView account, string id) => account.Grants.FirstOrDefault(grant => grant.Id == id) is { } grant ? Whole(json => AccountWriter.Write(json, grant)) : null;

    public static string Reply(GrantReply reply) => Whole(json => AccountWriter.Write(json, reply));

    public static string Budget(BudgetRequest budget) => Text(json => GovernanceWriter.WriteTerms(json, budget));

    public static string? Budget(AccountView account, string id) => account.Budgets.FirstOrDefault(budget => budget.Budget.Id == id) is { } budget ? Budget(budget.Budget) : null;

    public static string Policy(PolicyRequest policy) => Text(json => GovernanceWriter.WriteTerms(json, policy, left: []));

    /// <summary>A draft may be megabytes. What was published can be read for good by its version; of what was not, this much is told.</summary>
    public static string RateCard(RateCardDraft draft) => Text(json =>
    {
        json.WriteString("creditDefinition"u8, draft.CreditDefinition);
        json.WriteInstantIfAny("effectiveFrom"u8, draft.EffectiveFrom);
        json.WriteNumber("meters"u8, draft.Meters.Count);
    });

    public static string RateCard(RateCardView card) => Version(card.Id, card.Version, card.EffectiveFrom, card.ContentHash);

    public static string RateCard(PublishReply published) => Version(published.Id, published.Version, published.EffectiveFrom, published.ContentHash);

    public static string Reversal(ReversalRequest reversal) => Text(json =>
    {
        json.WriteString("id"u8, reversal.Id);
        json.WriteString("charge"u8, reversal.Charge);
        json.WriteAmountIfAny("quantity"u8, reversal.Quantity);
    });

    public static string Reversal(ReversalReply reply) => Whole(json => HoldWriter.Write(json, reply));

    public static string Key(ApiKey key) => Whole(json => KeyWriter.Write(json, key));

    public static string Rotation(TimeSpan overlap) => Text(json => json.WriteNumber("overlapSeconds"u8, (long)overlap.TotalSeconds));

    public static string Token(string account, DateTimeOffset expiresAt) => Text(json =>
    {
        json.WriteString("account"u8, account);
        json.WriteInstant("expiresAt"u8, expiresAt);
    });

    public static string Token(CustomerToken token) => Token(token.Account, token.ExpiresAt);

    private static string Version(string card, int version, DateTimeOffset effectiveFrom, string contentHash) => Text(json =>
    {
        json.WriteString("id"u8, card);
        json.WriteNumber("version"u8, version);
        json.WriteInstant("effectiveFrom"u8, effectiveFrom);
        json.WriteString("contentHash"u8, contentHash);
    });

    /// <summary>An object with the fields that are written.</summary>
    private static string Text(Action<Utf8JsonWriter> writeFields) => Whole(json =>
    {
        json.WriteStartObject();
        writeFields(json);
        json.WriteEndObject();
    });

    private static string Whole(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
