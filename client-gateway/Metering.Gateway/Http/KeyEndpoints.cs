using Metering.Contracts;
using Metering.Gateway.Audit;
using Metering.Gateway.Json;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Http;

/// <summary>API keys and customer tokens. A key's text is made here, told once, and forgotten: only its hash leaves the gateway.</summary>
internal sealed class KeyEndpoints(
    GrainRouter router, Administration administration, KeyRingCalls calls, KnownKeys keys, RequestBody body, IOptions<GatewayOptions> options, TimeProvider time)
{
    private const int MaxPage = 1_000;
    private const int DefaultPage = 100;

    private readonly bool _hasAdminKey = options.Value.Access.AdminKey is not null;

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map(KeyOperations.Add, Add);
        routes.Map(KeyOperations.List, List);
        routes.Map(KeyOperations.Get, Get);
        routes.Map(KeyOperations.Rotate, Rotate);
        routes.Map(KeyOperations.Revoke, Revoke);
        routes.Map(KeyOperations.MakeToken, MakeToken);
    }

    private async Task Add(HttpContext context)
    {
        var faults = new Faults();
        var incoming = await body.ReadJson(context, faults, KeyReader.Read);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var draft = incoming.Value!;
        if (draft.ExpiresAt <= time.GetUtcNow())
        {
            faults.Add("expiresAt", FaultCodes.InPast, "It must be in the future.");
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        if (Caller.Of(context).IsAnyone && draft.Role != Role.Admin)
        {
            faults.Add("role", FaultCodes.Conflict, "The first key must be an admin's: with it keys are needed, and no other could make the next.");
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var (id, text) = KeyText.New();
        var added = await administration.AddKey(Actor.Of(context), Key(draft, id, text));
        await Answer(context, added, text);
    }

    private async Task List(HttpContext context)
    {
        var faults = new Faults();
        Address.CheckQuery(context, faults, "cursor", "limit");
        var limit = Address.WholeNumber(context, "limit", faults) ?? DefaultPage;
        Shape.WholeNumber(faults, "limit", limit, 1, MaxPage);
        var cursor = Address.Text(context, "cursor");
        if (cursor.Length > 0)
        {
            Shape.Name(faults, "cursor", cursor);
        }

        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var read = await Read();
        Answer<KeyPage> page = read.Reply is { } ring ? Page([.. ring.View.Keys], cursor, limit) : read.Refusal!;
        JsonResponse.WriteAnswer(context, page, KeyWriter.Write);
    }

    private async Task Get(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["key"]!;
        var read = await Read();
        Answer<ApiKey> found = read.Reply is not { } ring ? read.Refusal!
            : ring.View.Keys.FirstOrDefault(key => key.Id == id) is { } key ? key
            : new Refusal { Code = Code.KeyNotFound, Detail = "There is no such key." };
        JsonResponse.WriteAnswer(context, found, KeyWriter.Write);
    }

    private async Task Rotate(HttpContext context)
    {
        var faults = new Faults();
        var id = Address.Name(context, "key", faults);
        var incoming = await body.ReadJson(context, faults, KeyReader.ReadRotation);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var text = KeyText.Of(id);
        var rotated = await administration.RotateKey(Actor.Of(context), id, KeyText.Hash(text), TimeSpan.FromSeconds(incoming.Value!.Value), IsRingOnlyWayIn(context));
        await Answer(context, rotated, text);
    }

    private async Task Revoke(HttpContext context)
    {
        var faults = new Faults();
        var id = Address.Name(context, "key", faults);
        if (faults.Any)
        {
            JsonResponse.WriteProblem(context, faults.ToRefusal());
            return;
        }

        var revoked = await administration.RevokeKey(Actor.Of(context), id, IsRingOnlyWayIn(context));
        await keys.TryRead();
        JsonResponse.WriteAnswer(context, revoked, KeyWriter.Write);
    }

    private async Task MakeToken(HttpContext context)
    {
        var faults = new Faults();
        var account = Address.Name(context, "account", faults);
        var incoming = await body.ReadJson(context, faults, KeyReader.ReadToken);
        if (incoming.Problem is { } problem)
        {
            JsonResponse.WriteProblem(context, problem);
            return;
        }

        var known = await router.GetAccount(account);
        if (known.Refusal is { } missing)
        {
            JsonResponse.WriteProblem(context, missing);
            return;
        }

        var expiresAt = time.GetUtcNow() + TimeSpan.FromSeconds(incoming.Value!.Value);
        var made = await administration.MakeToken(Actor.Of(context), account, expiresAt, () => MakeToken(account, Caller.Of(context), expiresAt));
        JsonResponse.WriteAnswer(context, made, static (json, token) =>
        {
            json.WriteStartObject();
            json.WriteString("account"u8, token.Account);
            json.WriteString("token"u8, token.Text);
            json.WriteInstant("expiresAt"u8, token.ExpiresAt);
            json.WriteEndObject();
        });
    }

    private async Task<Answer<CustomerToken>> MakeToken(string account, Caller by, DateTimeOffset expiresAt)
    {
        if (keys.Current is not { Reply.View: { TokenSecret.Length: > 0 } ring })
        {
            var made = await calls.GetForTokens();
            if (made.Reply is null)
            {
                return made.Refusal!;
            }

            ring = made.Reply;
            await keys.TryRead();
        }

        return CustomerTokens.Make(ring.TokenSecret, account, by, expiresAt);
    }

    /// <summary>Whoever came in without a key of the ring comes in again without one.</summary>
    private bool IsRingOnlyWayIn(HttpContext context) => !_hasAdminKey && Caller.Of(context).KeyId.Length > 0;

    private static ApiKey Key(KeyDraft draft, string id, string text) => new()
    {
        Id = id,
        Name = draft.Name,
        Role = draft.Role!.Value,
        Accounts = draft.Accounts,
        Meters = draft.Meters,
        ExpiresAt = draft.ExpiresAt,
        RequestsPerSecond = draft.RequestsPerSecond,
        ChargesPerSecond = draft.ChargesPerSecond,
        Secrets = [new KeySecret(KeyText.Hash(text), ValidUntil: null)],
    };

    private static KeyPage Page(List<ApiKey> all, string cursor, int limit)
    {
        // After one that is there no more, from the beginning: better twice than not at all.
        var page = all.Skip(cursor.Length == 0 ? 0 : all.FindIndex(key => key.Id == cursor) + 1).Take(limit + 1).ToList();
        return page.Count > limit ? new KeyPage(page[..limit], page[limit - 1].Id) : new KeyPage(page, Cursor: null);
    }

    /// <summary>As the ring is now, and not as it was a second ago.</summary>
    private async Task<Answer<KnownKeys.Ring>> Read()
    {
        await keys.TryRead();
        return keys.Current;
    }

    /// <summary>Whoever hears of a key may use it here at once.</summary>
    private async Task Answer(HttpContext context, Answer<ApiKey> answer, string text)
    {
        await keys.TryRead();
        context.Response.Headers.CacheControl = "no-store";
        JsonResponse.WriteAnswer(context, answer.Reply is { } key ? new MadeKey(key, text) : (Answer<MadeKey>)answer.Refusal!, KeyWriter.Write);
    }
}
