using System.Text;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Gateway.Http;

/// <summary>Monthly statements: as JSON, or as a page to print.</summary>
internal sealed class StatementEndpoints(Statements statements)
{
    private const string Json = "json";
    private const string Html = "html";

    public void Map(IEndpointRouteBuilder routes) => routes.Map(StatementOperations.Read, Read);

    private async Task Read(HttpContext context)
    {
        if (!Caller.Of(context).MayReadUsage(meter: null))
        {
            JsonResponse.WriteProblem(context, Caller.Forbidden);
            return;
        }

        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        Address.CheckQuery(context, faults, "format");
        var month = LedgerRules.Month(faults, (string)context.Request.RouteValues["month"]!);
        var format = Address.Text(context, "format");
        if (format is not ("" or Json or Html))
        {
            faults.Add("format", FaultCodes.BadFormat, "It must be json or html.");
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var answer = await statements.Read(account, month);
        var isPage = format == Html || (format.Length == 0 && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase));
        if (!isPage || answer.Reply is not { } statement)
        {
            JsonResponse.WriteAnswer(context, answer, StatementWriter.Write);
            return;
        }

        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = StatementPage.ContentSecurityPolicy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.WriteAsync(StatementPage.Of(statement), Encoding.UTF8, context.RequestAborted);
    }
}
