using System.Text;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>The audit log: pages, newest first, or all of it as lines of JSON or as CSV, of which one page is in memory at a time.</summary>
internal sealed class AuditEndpoints(AuditLogCalls log)
{
    private const int DefaultLimit = 100;

    /// <summary>A pattern of the longest resource, and more than any actor.</summary>
    private const int MaxPatternLength = 512;

    /// <summary>What is asked of the log for one page: where few entries fit, much may have to be looked at.</summary>
    private const int MaxReadsPerPage = 8;

    private const string Json = "json";
    private const string JsonLines = "jsonl";
    private const string Csv = "csv";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(AuditLogOperations.Read, Read);
        routes.Map(AuditLogOperations.Verify, Verify);
    }

    private async Task Read(HttpContext context)
    {
        var faults = new Faults();
        var query = Query(context, faults);
        var format = Address.Text(context, "format");
        if (format is not ("" or Json or JsonLines or Csv))
        {
            faults.Add("format", FaultCodes.BadFormat, "It must be json, jsonl or csv.");
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        if (format is "" or Json)
        {
            JsonResponse.WriteAnswer(context, await ReadPage(query), AuditWriter.Write);
            return;
        }

        var first = await log.Read(query with { Limit = AuditQuery.MaxLimit });
        if (first.Reply is { } page)
        {
            await WriteAll(context, query, page, isTable: format == Csv);
        }
        else
        {
            JsonResponse.WriteProblem(context, first.Refusal!);
        }
    }

    private async Task Verify(HttpContext context)
    {
        var faults = new Faults();
        Address.CheckQuery(context, faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var answer = await log.Verify(after: null);
        while (answer.Reply is { Next: not null } part && !context.RequestAborted.IsCancellationRequested)
        {
            answer = await log.Verify(part);
        }

        JsonResponse.WriteAnswer(context, answer, AuditWriter.Write);
    }

    /// <summary>A page that is full, unless much had to be looked at for it.</summary>
    private async Task<Answer<AuditPage>> ReadPage(AuditQuery query)
    {
        var entries = new List<AuditEntry>();
        var damaged = new List<long>();
        var next = query.Before;
        for (var read = 0; read < MaxReadsPerPage; read++)
        {
            var answer = await log.Read(query with { Before = next, Limit = query.Limit - entries.Count });
            if (answer.Reply is not { } page)
            {
                return answer;
            }

            entries.AddRange(page.Entries);
            damaged.AddRange(page.Damaged);
            next = page.Next;
            if (next is null || entries.Count >= query.Limit)
            {
                break;
            }
        }

        return new AuditPage(entries, next, damaged);
    }

    private async Task WriteAll(HttpContext context, AuditQuery query, AuditPage page, bool isTable)
    {
        context.Response.ContentType = isTable ? AuditTable.ContentType : "application/jsonl; charset=utf-8";
        if (isTable)
        {
            await context.Response.WriteAsync(AuditTable.Header, context.RequestAborted);
        }

        while (true)
        {
            if (page.Damaged.Count > 0)
            {
                // Half a file must not look like a whole one.
                context.Abort();
                return;
            }

            await context.Response.WriteAsync(isTable ? AuditTable.Rows(page.Entries) : AuditWriter.Lines(page.Entries), Encoding.UTF8, context.RequestAborted);
            if (page.Next is null)
            {
                return;
            }

            var following = await log.Read(query with { Before = page.Next, Limit = AuditQuery.MaxLimit });
            if (following.Reply is not { } next)
            {
                context.Abort();
                return;
            }

            page = next;
        }
    }

    private static AuditQuery Query(HttpContext context, Faults faults)
    {
        Address.CheckQuery(context, faults, "from", "to", "actor", "resource", "operation", "cursor", "limit", "format");
        var place = default(AuditPlace);
        var cursor = Address.Text(context, "cursor");
        if (cursor.Length > 0 && !AuditCursor.TryRead(cursor, out place))
        {
            faults.Add("cursor", FaultCodes.BadFormat, "It must be the cursor of a page before.");
        }

        var limit = Address.WholeNumber(context, "limit", faults) ?? DefaultLimit;
        Shape.WholeNumber(faults, "limit", limit, 1, AuditQuery.MaxLimit);
        var (from, to) = (Address.Instant(context, "from", faults), Address.Instant(context, "to", faults));
        if (from >= to)
        {
            faults.Add("to", FaultCodes.Conflict, "It must be after from.");
        }

        return new AuditQuery
        {
            From = from,
            To = to,
            Actor = Pattern(context, "actor", faults),
            Resource = Pattern(context, "resource", faults),
            Operations = Operations(context, faults),
            Before = cursor.Length > 0 ? place : null,
            Limit = limit,
        };
    }

    private static string? Pattern(HttpContext context, string parameter, Faults faults)
    {
        var text = Address.Text(context, parameter);
        if (text.Length > MaxPatternLength)
        {
            faults.Add(parameter, FaultCodes.TooLong, $"It must be at most {MaxPatternLength} characters.");
        }

        return text.Length == 0 ? null : text;
    }

    private static List<AuditOperation> Operations(HttpContext context, Faults faults)
    {
        var operations = new List<AuditOperation>();
        var text = Address.Text(context, "operation");
        foreach (var name in text.Length == 0 ? [] : text.Split(','))
        {
            if (WireNames.AuditOperations.TryParse(name, out var operation))
            {
                operations.Add(operation);
            }
            else
            {
                faults.Add("operation", FaultCodes.BadFormat, $"It must be of {WireNames.AuditOperations.All}, with commas.");
            }
        }

        return operations;
    }
}
