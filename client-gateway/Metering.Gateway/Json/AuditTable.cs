using System.Globalization;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>The audit log as CSV (RFC 4180): a row to each entry; what was before, what was asked for and what is after as JSON in their fields.</summary>
internal static class AuditTable
{
    public const string ContentType = "text/csv; charset=utf-8";

    public const string Header = "number,at,askedAt,actor,actorName,address,operation,resource,outcome,refusal,before,requested,after\r\n";

    public static string Rows(IReadOnlyList<AuditEntry> entries)
    {
        var text = new StringBuilder();
        foreach (var entry in entries)
        {
            Append(text, entry);
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, AuditEntry entry)
    {
        var intent = entry.Intent;
        string?[] fields =
        [
            entry.Number.ToString(CultureInfo.InvariantCulture), InstantText.Format(entry.At), InstantText.Format(entry.AskedAt), intent.Actor, intent.ActorName, intent.Address,
            WireNames.Of(intent.Operation), intent.Resource, WireNames.Of(entry.Outcome), entry.Refusal is { } code ? WireNames.Of(code) : null, intent.Before, intent.Requested, entry.After,
        ];
        text.AppendJoin(',', fields.Select(CsvText.Field)).Append("\r\n");
    }
}
