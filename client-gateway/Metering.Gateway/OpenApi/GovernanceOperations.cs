using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class GovernanceOperations
{
    /// <summary>A budget's view, also where an account is read.</summary>
    public const string Budget =
        """
        {"id":"search","scope":{"meters":["llm.*"],"dimensions":{"team":"search"}},"window":"day","limit":"25","thresholds":[50,80,100],
         "action":"block","spent":"20.5","crossed":[50,80],
         "counters":[{"windowStart":"2026-01-31T00:00:00Z","spent":"20.5","held":"4","crossed":[50,80]}]}
        """;

    /// <summary>A policy's view, also where an account is read.</summary>
    public const string Policy =
        """
        {"allowedMeters":["llm.*","api.calls"],"blockedMeters":[],"requiredDimensions":["service"],"maximumCreditsPerCharge":"50",
         "rateLimits":[{"meter":"api.calls","quantity":"100","perSeconds":1,"burst":"200","left":"150"}],"frozen":false,
         "shadow":["rateLimits"],"shadowed":{"rateLimits":7}}
        """;

    public static readonly Operation PutBudget = new(
        "putBudget", "PUT", "/v1/accounts/{account}/budgets/{budget}", "Budgets", "Create or replace a budget")
    {
        Access = AccessRule.OperatesAccount,
        Description = "A cap on what a part of the account's usage may cost in a window. A dimension's value `*` fits any, and counts each apart. "
            + "What was counted stays, unless the scope or the window changes. Patterns that fit no meter yet are taken, and told in `warnings`.",
        Requests =
        [
            new(typeof(Shapes.BudgetRequest),
                """
                {"scope":{"meters":["llm.*"],"dimensions":{"team":"search","key":"*"}},"window":"day","limit":"25","thresholds":[50,80,100],
                 "action":"block"}
                """),
        ],
        Reply = new(typeof(Shapes.Budget), Budget),
        Refusals = [Code.AccountNotFound, Code.AccountClosed, Code.OutOfRange, Code.Quarantined],
    };

    public static readonly Operation DeleteBudget = new(
        "deleteBudget", "DELETE", "/v1/accounts/{account}/budgets/{budget}", "Budgets", "Remove a budget")
    {
        Access = AccessRule.OperatesAccount,
        Description = "Answers the budget as it was.",
        Reply = new(typeof(Shapes.Budget), Budget),
        Refusals = [Code.AccountNotFound, Code.BudgetNotFound, Code.AccountClosed, Code.Quarantined],
    };

    public static readonly Operation PutPolicy = new(
        "putPolicy", "PUT", "/v1/accounts/{account}/policy", "Policy", "Replace an account's governance rules")
    {
        Access = AccessRule.OperatesAccount,
        Description = "What may be metered, how fast and how much at once. Rules in `shadow` are counted, not applied. Fields left out take their defaults.",
        Requests =
        [
            new(typeof(Shapes.PolicyRequest),
                """
                {"allowedMeters":["llm.*","api.calls"],"blockedMeters":[],"requiredDimensions":["service"],"maximumCreditsPerCharge":"50",
                 "rateLimits":[{"meter":"api.calls","quantity":"100","perSeconds":1,"burst":"200"}],"frozen":false,"shadow":["rateLimits"]}
                """),
        ],
        Reply = new(typeof(Shapes.Policy), Policy),
        Refusals = [Code.AccountNotFound, Code.AccountClosed, Code.Quarantined],
    };
}

internal static class WatchOperations
{
    public static readonly Operation Watch = new(
        "watchAccount", "GET", "/v1/accounts/{account}/watch", "Accounts", "Hear every change of an account as it happens")
    {
        Access = AccessRule.ReadsAccount,
        Description = "Server-sent events: `id` is the sequence, `event` the kind, `data` as below. Goes on after the sequence in `Last-Event-ID` or in `after`; "
            + "without either it begins with an event `account`, of what the account is now ({sequence, balance, available}). An event "
            + "`skipped` ({through}) tells that changes up to a sequence can no longer be told: read the account. An event `problem` is the last.",
        Query = [new("after", typeof(long), "The sequence last seen, 0 or more.")],
        Reply = new(typeof(Shapes.AccountChange),
            """
            {"sequence":43,"at":"2026-01-31T12:00:00Z","kind":"charged","subject":"req-1","credits":"-0.072","balance":"99.928","available":"99.928"}
            """)
        { ContentType = Http.EventStream.ContentType },
        Refusals = [Code.AccountNotFound, Code.Quarantined],
    };
}
