using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class UsageOperations
{
    private const string Counting =
        "Lines of charges, settles and reversals count, each at its entry's own time (`at`), so that usage reconciles with the ledger: `credits` are those taken less those given back, "
        + "`quantity` likewise, and a reversal counts when it is made. Quantities of different meters are added as they stand: group by meter, or ask for one. Holds count nothing until they are "
        + "settled. Sums are exact, and have everything that was acknowledged. Any parameter `dimension.<name>` asks for lines with that dimension. "
        + "At most 10,000 rows: what has more is refused whole. Where the ledger is rolled up (`detail`), a range begins and ends with a whole minute.";

    private static readonly QueryParameter[] Shared =
    [
        new("from", typeof(string), "Required. Usage at or after this instant."),
        new("to", typeof(string), "Required. Usage before this instant."),
        new("window", typeof(string), "minute (of at most 1 day), hour (31 days), day (400 days) or month, in UTC; the whole range (3,660 days) as one when left out."),
        new("meter", typeof(string), "Only lines of this meter."),
        new("top", typeof(int), "1 to 1000: only so many groups of the whole range, those that have most, the largest first."),
        new("by", typeof(string), "With top: credits (when left out), quantity or lines."),
    ];

    public static readonly Operation ReadOfAccount = new("readUsage", "GET", "/v1/accounts/{account}/usage", "Usage", "Read an account's usage")
    {
        Access = AccessRule.ReadsAccount,
        Description = Counting,
        Query = [.. Shared, new("groupBy", typeof(string), "Up to 4 of `meter` and names of dimensions, with commas. `dimension.meter` is the dimension of that name.")],
        Reply = new(typeof(Shapes.Usage),
            """
            {"from":"2026-01-31T00:00:00Z","to":"2026-02-01T00:00:00Z","window":"hour","source":"segments","detail":"full","rows":[
             {"from":"2026-01-31T12:00:00Z","to":"2026-01-31T13:00:00Z","meter":"llm.tokens","dimensions":{"model":"gpt-4"},"quantity":"1200","credits":"0.072","lines":1}]}
            """),
        Refusals = [Code.AccountNotFound, Code.DetailNotKept],
    };

    public static readonly Operation Read = new("readUsageAcrossAccounts", "GET", "/v1/usage", "Usage", "Read usage across accounts")
    {
        Access = AccessRule.ReadsInstallation,
        Description = Counting,
        Query = [.. Shared, new("groupBy", typeof(string), "Up to 4 of `account`, `meter` and names of dimensions, with commas. `dimension.account` is the dimension of that name.")],
        Reply = new(typeof(Shapes.Usage),
            """
            {"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","source":"segments","detail":"full","rows":[
             {"from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","account":"acme","quantity":"1200","credits":"0.072","lines":1}]}
            """),
        Refusals = [Code.DetailNotKept],
    };
}
