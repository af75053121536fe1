using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class AuditLogOperations
{
    public static readonly Operation Read = new("readAuditLog", "GET", "/v1/audit", "Audit", "Read who changed what")
    {
        Access = AccessRule.Administers,
        Description = "Newest first. An entry for each change of accounts, grants, budgets, policies, rate cards and keys, for each customer token, and for each reversal by an operator or administrator; charges and holds are in the ledger. "
            + "It says who made it and from where, what there was before and after, and what became of it: `done`, `refused`, `unknown` when whoever made it ended before telling, or `pending` until then. "
            + "A change is written here before it is made, and what became of it before its caller hears. A page may have fewer entries than asked for: go on for as long as there is a cursor. "
            + "As lines of JSON or as CSV (`format`) the answer has no pages: it goes on to the end. Over HTTP only.",
        Query =
        [
            new("from", typeof(string), "Only entries at or after this instant."),
            new("to", typeof(string), "Only entries before this instant."),
            new("actor", typeof(string), "Only of this actor, or of those that begin so, with `*` at the end: `key:K7dQ2mZx0PbT`, `jwt:*`."),
            new("resource", typeof(string), "Only of this resource, or of those that begin so: `accounts/acme*`."),
            new("operation", typeof(string), "Only these operations, with commas, such as `grant.add,grant.void`."),
            new("cursor", typeof(string), "The cursor of the page before; the first page when left out."),
            new("limit", typeof(int), "1 to 1000 entries; 100 when left out."),
            new("format", typeof(string), "json, jsonl or csv; json when left out."),
        ],
        Reply = new(typeof(Shapes.AuditPage),
            """
            {"entries":[{"number":12,"at":"2026-01-31T12:00:00.004Z","askedAt":"2026-01-31T12:00:00Z","actor":"key:K7dQ2mZx0PbT","actorName":"portal","address":"10.0.0.7","operation":"budget.put",
             "resource":"accounts/acme/budgets/search","outcome":"done",
             "before":{"id":"search","scope":{"meters":["llm.*"]},"window":"day","limit":"20","thresholds":[],"action":"block"},
             "after":{"id":"search","scope":{"meters":["llm.*"]},"window":"day","limit":"25","thresholds":[],"action":"block"}}],"cursor":"YXVkaXQ6MDoxMg"}
            """),
    };

    public static readonly Operation Verify = new("verifyAuditLog", "GET", "/v1/audit/verify", "Audit", "Check that nobody changed the audit log")
    {
        Access = AccessRule.Administers,
        Description = "Follows the hash chain of the entries that are kept and names the first place at which it does not hold. Whoever can write the store could make the whole chain anew: note `last` and `hash` elsewhere "
            + "(the silos log both now and then), and see later whether an earlier log would still lead there.",
        Reply = new(typeof(Shapes.AuditCheck),
            """{"holds":false,"first":1,"last":42,"hash":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","break":{"number":43,"reason":"changed"}}"""),
    };
}
