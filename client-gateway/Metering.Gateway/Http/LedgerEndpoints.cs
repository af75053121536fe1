using System.Text;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>The ledger: pages as JSON; or all of it as CSV, of which one page is in memory at a time, or as Parquet, of which a part is.</summary>
internal sealed class LedgerEndpoints(GrainRouter router, LedgerFileResponse file)
{
    private const string Json = "json";
    private const string Csv = "csv";
    private const string Parquet = "parquet";

    private static readonly string[] Known = ["from", "to", "meter", "kind", "cursor", "limit", "format"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(LedgerOperations.Read, Read);
        routes.Map(LedgerOperations.Verify, Verify);
    }

    private async Task Verify(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        Address.CheckQuery(context, faults, "from", "to");
        var (from, to) = Range(context, faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await router.VerifyLedger(account, from, to), LedgerCheckWriter.Write);
    }

    private async Task Read(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var request = Request(context, faults);
        var format = Format(context, faults);
        if (!Caller.Of(context).MayReadUsage(request.Meter))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
            return;
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        if (format == Parquet)
        {
            await file.Write(context, account, request);
            return;
        }

        var first = await router.ReadLedger(account, format == Csv ? request with { Limit = LedgerRequest.MaxLimit } : request);
        if (format == Json || first.Reply is not { } page)
        {
            JsonResponse.WriteAnswer(context, first, LedgerWriter.Write);
            return;
        }

        await WriteTable(context, account, request, page);
    }

    /// <summary>What the address says counts; where it says nothing, what is accepted.</summary>
    private static string Format(HttpContext context, Faults faults)
    {
        var format = Address.Text(context, "format");
        if (format is Json or Csv or Parquet)
        {
            return format;
        }

        if (format.Length > 0)
        {
            faults.Add("format", FaultCodes.BadFormat, "It must be json, csv or parquet.");
        }

        var accept = context.Request.Headers.Accept.ToString();
        return accept.Contains("text/csv", StringComparison.OrdinalIgnoreCase) ? Csv
            : accept.Contains(LedgerFileResponse.ContentType, StringComparison.OrdinalIgnoreCase) ? Parquet
            : Json;
    }

    private async Task WriteTable(HttpContext context, string account, LedgerRequest request, LedgerPage page)
    {
        context.Response.ContentType = LedgerTable.ContentType;
        await context.Response.WriteAsync(LedgerTable.Header, context.RequestAborted);
        while (true)
        {
            await context.Response.WriteAsync(LedgerTable.Rows(page.Lines), Encoding.UTF8, context.RequestAborted);
            if (!page.More)
            {
                return;
            }

            var next = await router.ReadLedger(account, request with { Limit = LedgerRequest.MaxLimit, After = page.Lines[^1].Sequence, AfterAt = page.Lines[^1].At, AfterIsRolledUp = page.Lines[^1].FirstSequence is not null });
            if (next.Reply is not { } following)
            {
                // Half a file must not look like a whole one.
                context.Abort();
                return;
            }

            page = following;
        }
    }

    private static LedgerRequest Request(HttpContext context, Faults faults)
    {
        var (after, afterAt, isRolledUp) = (0L, default(DateTimeOffset), false);
        var dimensions = Address.Dimensions(context, faults);
        Address.CheckQuery(context, faults, [.. Known, .. dimensions.Keys.Select(static name => Address.DimensionPrefix + name)]);
        var cursor = Address.Text(context, "cursor");
        if (cursor.Length > 0 && !LedgerCursor.TryRead(cursor, out after, out afterAt, out isRolledUp))
        {
            faults.Add("cursor", FaultCodes.BadFormat, "It must be the cursor of a page before.");
        }

        var limit = Address.WholeNumber(context, "limit", faults) ?? LedgerRequest.DefaultLimit;
        Shape.WholeNumber(faults, "limit", limit, 1, LedgerRequest.MaxLimit);
        var meter = Address.Text(context, "meter");
        if (meter.Length > 0)
        {
            Shape.Name(faults, "meter", meter);
        }

        var (from, to) = Range(context, faults);
        return new LedgerRequest
        {
            After = after,
            AfterAt = after > 0 ? afterAt : null,
            AfterIsRolledUp = isRolledUp,
            From = from,
            To = to,
            Kinds = Kinds(context, faults),
            Meter = meter.Length > 0 ? meter : null,
            Dimensions = dimensions,
            Limit = limit,
            WithBalances = after == 0,
        };
    }

    private static (DateTimeOffset? From, DateTimeOffset? To) Range(HttpContext context, Faults faults)
    {
        var (from, to) = (Address.Instant(context, "from", faults), Address.Instant(context, "to", faults));
        if (from >= to)
        {
            faults.Add("to", FaultCodes.Conflict, "It must be after from.");
        }

        return (from, to);
    }

    private static List<ChangeKind> Kinds(HttpContext context, Faults faults)
    {
        var kinds = new List<ChangeKind>();
        var text = Address.Text(context, "kind");
        foreach (var name in text.Length == 0 ? [] : text.Split(','))
        {
            if (WireNames.ChangeKinds.TryParse(name, out var kind))
            {
                kinds.Add(kind);
            }
            else
            {
                faults.Add("kind", FaultCodes.BadFormat, $"It must be of {WireNames.ChangeKinds.All}, with commas.");
            }
        }

        return kinds;
    }
}
