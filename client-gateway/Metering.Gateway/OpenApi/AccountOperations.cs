using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class AccountOperations
{
    public static readonly Operation Put = new(
        "putAccount", "PUT", "/v1/accounts/{account}", "Accounts", "Create an account or replace its settings")
    {
        Access = AccessRule.OperatesAccount,
        Description = "Fields left out take their defaults.",
        Requests =
        [
            new(typeof(Shapes.AccountSettings),
                """
                {"displayName":"Acme","rateCard":"default","discountPercent":"0","creditLimit":"0",
                 "period":{"every":"month","anchor":"2026-01-01T00:00:00Z"},"metadata":{"crm":"4711"}}
                """),
        ],
        Reply = new(typeof(Shapes.Account), Account),
        Refusals = [Code.RateCardNotFound, Code.AccountClosed, Code.Quarantined],
    };

    public static readonly Operation Get = new(
        "getAccount", "GET", "/v1/accounts/{account}", "Accounts", "Read an account, as it is or as it was")
    {
        Access = AccessRule.ReadsAccount,
        Description = "With `at` or `sequence` it is brought to where it was by applying its entries again, which takes up to some seconds: exact, with the holds that were open, or refused. "
            + "It is begun with the last state before that point that the ledger keeps, one of each 100,000 entries, or with the first entry. "
            + "Refused with `too_old` when entries after that are missing (the server keeps no ledger, or began to keep one later), with `detail_not_kept` when they are rolled up, and with `out_of_range` when there are more than 500,000 of them.",
        Query =
        [
            new("at", typeof(string), "As it was at this instant, with every entry of that instant."),
            new("sequence", typeof(long), "As it was right after this entry; not together with at."),
        ],
        Reply = new(typeof(Shapes.Account), Account),
        Refusals = [Code.AccountNotFound, Code.TooOld, Code.DetailNotKept, Code.InFuture, Code.OutOfRange, Code.Quarantined],
    };

    public static readonly Operation Close = new("closeAccount", "DELETE", "/v1/accounts/{account}", "Accounts", "Close an account for good")
    {
        Access = AccessRule.OperatesAccount,
        Description = "It can still be read, nothing else. Closing again answers as before.",
        Reply = new(typeof(Shapes.Account), Account.Replace("\"status\":\"open\"", "\"status\":\"closed\"", StringComparison.Ordinal)),
        Refusals = [Code.AccountNotFound, Code.HoldsOpen, Code.Quarantined],
    };

    public static readonly Operation List = new("listAccounts", "GET", "/v1/accounts", "Accounts", "List accounts and their balances")
    {
        Access = AccessRule.ReadsEachAccount,
        Query =
        [
            new("prefix", typeof(string), "Only accounts whose id begins so."),
            new("cursor", typeof(string), "The cursor of the page before; the first page when left out."),
            new("limit", typeof(int), "1 to 100; 50 when left out."),
        ],
        Reply = new(typeof(Shapes.AccountList),
            """{"accounts":[{"account":"acme","displayName":"Acme","balance":"99.928","available":"99.928"}],"cursor":"YWNtZQ"}"""),
    };

    private const string Account =
        $$"""
        {"account":"acme","status":"open","displayName":"Acme","rateCard":"default","discountPercent":"0","creditLimit":"0",
         "period":{"every":"month","anchor":"2026-01-01T00:00:00Z"},"metadata":{"crm":"4711"},
         "balance":"99.928","available":"93.928","held":"6","overage":"0","sequence":44,"createdAt":"2026-01-01T00:00:00Z",
         "durability":"journal","grants":[{"id":"plan","amount":"100","remaining":"99.928","priority":100,"kind":"plan","status":"active",
           "effectiveAt":"2026-01-01T00:00:00Z","addedAt":"2026-01-01T00:00:00Z"}],
         "holds":[{"hold":"h1","credits":"6","settled":"0","meter":"llm.tokens","dimensions":{"model":"gpt-4","kind":"output"},
           "placedAt":"2026-01-31T12:00:00Z","expiresAt":"2026-01-31T12:02:00Z"}],"holdCount":1,
         "budgets":[{{GovernanceOperations.Budget}}],"policy":{{GovernanceOperations.Policy}},
         "counters":[{"card":"default","meter":"llm.tokens","price":"gpt4-out","periodStart":"2026-01-01T00:00:00Z","quantity":"1200"}]}
        """;
}

internal static class GrantOperations
{
    public static readonly Operation Add = new("addGrant", "POST", "/v1/accounts/{account}/grants", "Grants", "Put credits into an account")
    {
        Access = AccessRule.OperatesAccount,
        Description = "Overage is paid from them first. A retry with the same id and body gets the original answer.",
        Requests =
        [
            new(typeof(Shapes.GrantRequest),
                """{"id":"plan","amount":"100","priority":100,"kind":"plan","effectiveAt":"2026-01-01T00:00:00Z","meters":["llm.*"],"recurrence":{"every":"month"},"rollover":{"maximum":"50"}}"""),
        ],
        Reply = new(typeof(Shapes.GrantReply), Reply("granted", "100", "100", 2)),
        Refusals = [Code.AccountNotFound, Code.IdReused, Code.AccountClosed, Code.OutOfRange, Code.Quarantined],
    };

    public static readonly Operation List = new("listGrants", "GET", "/v1/accounts/{account}/grants", "Grants", "Read an account's grants")
    {
        Access = AccessRule.ReadsAccount,
        Reply = new(typeof(Shapes.GrantList),
            """
            {"grants":[{"id":"plan","amount":"100","remaining":"99.928","priority":100,"kind":"plan","status":"active",
             "effectiveAt":"2026-01-01T00:00:00Z","meters":["llm.*"],"addedAt":"2026-01-01T00:00:00Z",
             "recurrence":{"every":"month","count":1},"rollover":{"minimum":"0","maximum":"50"},"nextRefillAt":"2026-02-01T00:00:00Z"}]}
            """),
        Refusals = [Code.AccountNotFound, Code.Quarantined],
    };

    public static readonly Operation Void = new(
        "voidGrant", "DELETE", "/v1/accounts/{account}/grants/{grant}", "Grants", "Forfeit what is left of a grant")
    {
        Access = AccessRule.OperatesAccount,
        Reply = new(typeof(Shapes.GrantReply), Reply("voided", "99.928", "0", 44)),
        Refusals = [Code.AccountNotFound, Code.GrantNotFound, Code.AccountClosed, Code.Quarantined],
    };

    private static string Reply(string outcome, string credits, string balance, int sequence) =>
        $$"""
        {"id":"plan","outcome":"{{outcome}}","credits":"{{credits}}","balance":"{{balance}}","available":"{{balance}}",
         "sequence":{{sequence}},"replayed":false}
        """;
}
