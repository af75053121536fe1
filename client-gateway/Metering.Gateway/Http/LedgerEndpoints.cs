using System.Text;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>The ledger: pages as JSON; or all of it as CSV, of which one page is in memory at a time, or as Parquet, of which a part is.</summary>
internal sealed class LedgerEndpoints(GrainRouter router, LedgerPages ledgers, LedgerFileResponse file, Gatekeeper gatekeeper, TimeProvider time)
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

        if (format == Csv)
        {
            await WriteTable(context, account, request with { Limit = LedgerRequest.MaxLimit, WithBalances = false });
            return;
        }

        JsonResponse.WriteAnswer(context, await router.ReadLedger(account, request), LedgerWriter.Write);
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

    private async Task WriteTable(HttpContext context, string account, LedgerRequest request)
    {
        using var access = new AccessWatch(gatekeeper, context, time);
        try
        {
            await foreach (var answer in ledgers.Read(account, request))
            {
                if (answer.Reply is not { } page)
                {
                    End(context, answer.Refusal!);
                    return;
                }

                if (!context.Response.HasStarted)
                {
                    context.Response.ContentType = LedgerTable.ContentType;
                    await context.Response.WriteAsync(LedgerTable.Header, access.Token);
                }

                await context.Response.WriteAsync(LedgerTable.Rows(page.Lines), Encoding.UTF8, access.Token);
            }
        }
        catch (OperationCanceledException) when (access.Refusal is not null)
        {
            End(context, access.Refusal);
        }
    }

    /// <summary>Half a file must not look like a whole one.</summary>
    private static void End(HttpContext context, Refusal refusal)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
        }
        else
        {
            JsonResponse.WriteProblem(context, refusal);
        }
    }

    private static LedgerRequest Request(HttpContext context, Faults faults)
    {
        var dimensions = Address.Dimensions(context, faults);
        Address.CheckQuery(context, faults, [.. Known, .. dimensions.Keys.Select(static name => Limits.DimensionPrefix + name)]);
        var cursor = LedgerRules.Cursor(faults, Address.Text(context, "cursor"));
        var (from, to) = Range(context, faults);
        var kinds = Address.Text(context, "kind");
        return new LedgerRequest
        {
            After = cursor.After,
            AfterAt = cursor.AfterAt,
            AfterIsRolledUp = cursor.AfterIsRolledUp,
            From = from,
            To = to,
            Kinds = LedgerRules.Kinds(faults, "kind", kinds.Length == 0 ? [] : kinds.Split(',')),
            Meter = LedgerRules.Meter(faults, Address.Text(context, "meter")),
            Dimensions = dimensions,
            Limit = LedgerRules.Limit(faults, Address.WholeNumber(context, "limit", faults)),
            WithBalances = cursor.After == 0,
        };
    }

    private static (DateTimeOffset? From, DateTimeOffset? To) Range(HttpContext context, Faults faults)
    {
        var (from, to) = (Address.Instant(context, "from", faults), Address.Instant(context, "to", faults));
        LedgerRules.Range(faults, from, to);
        return (from, to);
    }
}
