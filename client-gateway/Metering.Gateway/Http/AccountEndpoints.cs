using System.Text.Json;
using Metering.Gateway.Audit;
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

/// <summary>Accounts: settings in, what they are now out.</summary>
internal sealed class AccountEndpoints(GrainRouter router, Administration administration, AccountList list, RequestBody body)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(AccountOperations.Put, Put);
        routes.Map(AccountOperations.Get, Get);
        routes.Map(AccountOperations.List, List);
        routes.Map(AccountOperations.Close, Close);
    }

    private async Task Put(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, AccountReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        JsonResponse.WriteAnswer(context, await administration.PutAccount(Actor.Of(context), account, incoming.Value!), AccountWriter.Write);
    }

    private async Task Get(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        Address.CheckQuery(context, faults, "at", "sequence");
        var at = Address.Instant(context, "at", faults);
        var sequence = Address.LongNumber("sequence", Address.Text(context, "sequence"), faults);
        if (sequence < 1)
        {
            faults.Add("sequence", FaultCodes.OutOfRange, "It must be 1 or more.");
        }

        if (at is not null && sequence is not null)
        {
            faults.Add("sequence", FaultCodes.Conflict, "It cannot be given together with at.");
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var answer = at is { } instant ? router.GetAccountAt(account, instant)
            : sequence is { } last ? router.GetAccountAfter(account, last)
            : router.GetAccount(account);
        JsonResponse.WriteAnswer(context, Caller.Of(context).Seen(await answer), AccountWriter.Write);
    }

    private async Task Close(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await administration.Close(Actor.Of(context), account), AccountWriter.Write);
    }

    private async Task List(HttpContext context)
    {
        var faults = new Faults();
        Address.CheckQuery(context, faults, "prefix", "cursor", "limit");
        var limit = Address.WholeNumber(context, "limit", faults);
        var asked = AccountList.Check(Address.Text(context, "prefix"), Address.Text(context, "cursor"), limit, faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        JsonResponse.WriteAnswer(context, await list.Read(asked.Prefix, asked.After, asked.Limit, Caller.Of(context).Accounts), WritePage);
    }

    private static void WritePage(Utf8JsonWriter json, ListedPage page)
    {
        json.WriteStartObject();
        json.WriteStartArray("accounts"u8);
        foreach (var listed in page.Accounts)
        {
            json.WriteStartObject();
            json.WriteString("account"u8, listed.Account);
            if (listed.Answer.Reply is { } account)
            {
                json.WriteString("displayName"u8, account.Settings.DisplayName);
                json.WriteAmount("balance"u8, account.Balance);
                json.WriteAmount("available"u8, account.Available);
            }
            else
            {
                // One account that cannot answer must not hide the others.
                json.WriteString("code"u8, WireNames.Of(listed.Answer.Refusal!.Code));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (page.Cursor is { } cursor)
        {
            json.WriteString("cursor"u8, cursor);
        }

        json.WriteEndObject();
    }
}
