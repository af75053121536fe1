using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class StatementOperations
{
    public static readonly Operation Read = new("readStatement", "GET", "/v1/accounts/{account}/statements/{month}", "Ledger", "Read an account's statement of a month")
    {
        Access = AccessRule.ReadsAccount,
        Description = "The month is as in `2026-01`, in UTC. The opening balance and what grants brought and took, less usage, are the closing balance. With `Accept: text/html` (or `format=html`) it is a page to print.",
        Query = [new("format", typeof(string), "json or html; as Accept says when left out.")],
        Reply = new(typeof(Shapes.Statement),
            """
            {"account":"acme","displayName":"Acme","from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","running":false,"detail":"full","openingBalance":"0",
             "grants":[{"sequence":2,"at":"2026-01-31T11:00:00Z","kind":"grant_added","id":"plan","credits":"100"}],
             "usage":[{"meter":"llm.tokens","quantity":"1200","credits":"0.072","lines":1}],"closingBalance":"99.928"}
            """),
        Refusals = [Code.AccountNotFound],
    };
}
