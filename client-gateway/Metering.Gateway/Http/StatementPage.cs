using System.Globalization;
using System.Net;
using System.Text;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Http;

/// <summary>A statement as a page to print. All text in it is encoded, and it may load or run nothing.</summary>
internal static class StatementPage
{
    /// <summary>Styles of the page itself, and nothing else.</summary>
    public const string ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; max-width: 50rem; margin: 2.5rem auto; padding: 0 1.5rem; }
        h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p { margin: .2rem 0; color: #57606a; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #d8dee4; white-space: nowrap; }
        td.long { white-space: normal; overflow-wrap: anywhere; }
        th { font-weight: 600; } .number { text-align: right; white-space: nowrap; } tr.sum td { font-weight: 600; border-top: 2px solid #1b1f24; border-bottom: 0; }
        .notice { border-left: 4px solid #bf8700; padding: .5rem 1rem; margin: 1rem 0; background: #fff8c5; color: inherit; }
        @media print { body { margin: 0; max-width: none; font-size: 11pt; } thead { display: table-header-group; } tr { break-inside: avoid; } h2 { break-after: avoid; } }
        @page { margin: 2cm; }
        """;

    /// <summary>Dividing by it leaves no zeros at the end of the places.</summary>
    private const decimal OneWithAllPlaces = 1.0000000000000000000000000000m;

    /// <summary>Characters that stay in one line.</summary>
    private const int MaxUnbroken = 24;

    public static string Of(Statement statement)
    {
        var month = statement.From.ToString("MMMM yyyy", CultureInfo.InvariantCulture);
        var name = statement.DisplayName.Length > 0 ? statement.DisplayName : statement.Account;
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>")
            .Append(Text($"Statement {name}, {month}")).Append("</title><style>").Append(Style).Append("</style></head><body>\n")
            .Append("<h1>").Append(Text(name)).Append("</h1><p>Statement of ").Append(Text(month)).Append(", account ").Append(Text(statement.Account))
            .Append(". Amounts are credits, times UTC.</p>\n");
        Notices(page, statement);
        Balances(page, statement);
        Grants(page, statement);
        Usage(page, statement);
        return page.Append("</body></html>\n").ToString();
    }

    private static void Notices(StringBuilder page, Statement statement)
    {
        if (statement.IsRunning)
        {
            Notice(page, "The month is not over: this is what there is so far.");
        }

        if (statement.Damaged.Count > 0)
        {
            Notice(page, $"Parts of the ledger could not be read, and what is in them is missing here: {string.Join(", ", statement.Damaged)}");
        }

        if (!statement.AddsUp && statement.Damaged.Count == 0)
        {
            Notice(page, "The account was in use while this was drawn up, and the amounts do not add up yet.");
        }
    }

    private static void Notice(StringBuilder page, string text) => page.Append("<p class=\"notice\">").Append(Text(text)).Append("</p>\n");

    private static void Balances(StringBuilder page, Statement statement)
    {
        var places = Places([statement.Opening, statement.GrantedCredits, statement.UsedCredits, statement.Closing]);
        Begin(page, "Balance", numbers: 1, "", "credits");
        Row(page, "", numbers: 1, "Opening balance", Amount(statement.Opening, places));
        Row(page, "", numbers: 1, "Grants", Amount(statement.GrantedCredits, places));
        Row(page, "", numbers: 1, "Usage", Amount(-statement.UsedCredits, places));
        Row(page, "sum", numbers: 1, "Closing balance", Amount(statement.Closing, places));
        End(page);
    }

    private static void Grants(StringBuilder page, Statement statement)
    {
        var places = Places(statement.Grants.Select(static line => line.Credits));
        Begin(page, "Grants", numbers: 1, "time", "what", "grant", "credits");
        foreach (var line in statement.Grants)
        {
            var at = line.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
            Row(page, "", numbers: 1, at, What(line.Kind), line.Subject ?? "", Amount(line.Credits, places));
        }

        Row(page, "sum", numbers: 1, "", "", "", Amount(statement.GrantedCredits, places));
        End(page);
    }

    private static void Usage(StringBuilder page, Statement statement)
    {
        var (places, quantityPlaces) = (Places(statement.Usage.Select(static row => (decimal?)row.Credits)), Places(statement.Usage.Select(static row => (decimal?)row.Quantity)));
        Begin(page, "Usage", numbers: 3, "meter", "quantity", "lines", "credits");
        foreach (var row in statement.Usage)
        {
            var meter = row.Groups[0] is { Length: > 0 } name ? name : "(none)";
            Row(page, "", numbers: 3, meter, Amount(row.Quantity, quantityPlaces), row.Lines.ToString(CultureInfo.InvariantCulture), Amount(row.Credits, places));
        }

        Row(page, "sum", numbers: 3, "", "", "", Amount(statement.UsedCredits, places));
        End(page);
    }

    private static void Begin(StringBuilder page, string title, int numbers, params ReadOnlySpan<string> columns)
    {
        page.Append("<h2>").Append(Text(title)).Append("</h2><table><thead><tr>");
        for (var i = 0; i < columns.Length; i++)
        {
            page.Append(i >= columns.Length - numbers ? "<th class=\"number\">" : "<th>").Append(Text(columns[i])).Append("</th>");
        }

        page.Append("</tr></thead><tbody>\n");
    }

    private static void End(StringBuilder page) => page.Append("</tbody></table>\n");

    /// <summary>The last cells are numbers.</summary>
    private static void Row(StringBuilder page, string kind, int numbers, params ReadOnlySpan<string> cells)
    {
        page.Append(kind.Length > 0 ? $"<tr class=\"{kind}\">" : "<tr>");
        for (var i = 0; i < cells.Length; i++)
        {
            page.Append(i >= cells.Length - numbers ? "<td class=\"number\">" : cells[i].Length > MaxUnbroken ? "<td class=\"long\">" : "<td>").Append(Text(cells[i])).Append("</td>");
        }

        page.Append("</tr>\n");
    }

    /// <summary>Decimal places that a column needs: with as many each, its points stand under one another.</summary>
    private static int Places(IEnumerable<decimal?> column) => column.Max(static amount => amount is { } value ? (value / OneWithAllPlaces).Scale : (int?)0) ?? 0;

    private static string What(ChangeKind kind) => WireNames.Of(kind).Replace("grant_", "", StringComparison.Ordinal);

    private static string Amount(decimal? amount, int places) => amount?.ToString($"F{places}", CultureInfo.InvariantCulture) ?? "unknown";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
