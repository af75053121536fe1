using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class RateCardOperations
{
    private const string Meters =
        """
        "creditDefinition":"1 credit = 1 GB out or 1M calls","meters":[
          {"meter":"llm.tokens","unit":"token","prices":[
            {"id":"gpt4-out","when":{"model":"gpt-4","kind":"output"},"kind":"per_unit","unitPrice":"0.00006"},
            {"id":"rest","kind":"graduated","freeUnits":"1000","tiers":[{"upTo":"1000000","unitPrice":"0.00002"},{"unitPrice":"0.000015","flatPrice":"3"}]}]},
          {"meter":"api.calls","unit":"call","prices":[{"id":"calls","kind":"package","packageSize":"1000000","packagePrice":"1"}]},
          {"meter":"egress","unit":"byte","prices":[{"id":"gb","kind":"volume","convert":{"divide":"1000000000","rounding":"up","decimals":0},
            "tiers":[{"upTo":"100","unitPrice":"1"},{"unitPrice":"0.8"}],"maximumPerPeriod":"500"}]},
          {"meter":"payments","unit":"eur","prices":[{"id":"pay","kind":"per_unit","unitPrice":"0.0299",
            "perCharge":{"minimum":"1.75","maximum":"12","flat":"0"}}]}]
        """;

    private const string Published =
        """
        "id":"default","version":3,"effectiveFrom":"2026-02-01T00:00:00Z",
        "contentHash":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        """;

    public static readonly Operation Publish = new(
        "publishRateCard", "PUT", "/v1/rate-cards/{card}", "Rate cards", "Publish the next version of a rate card")
    {
        Access = AccessRule.OperatesInstallation,
        Description = "Checks everything and names each fault by its path. A version never changes.",
        Requests = [new(typeof(Shapes.RateCardDraft), $$"""{{{Meters}}}""")],
        Reply = new(typeof(Shapes.PublishReply), $$"""{{{Published}}}"""),
    };

    public static readonly Operation Get = new("getRateCard", "GET", "/v1/rate-cards/{card}", "Rate cards", "Read a version of a rate card")
    {
        Access = AccessRule.ReadsInstallation,
        Query = [new("version", typeof(int), "From 1; the latest when left out.")],
        Reply = new(typeof(Shapes.RateCard), $$"""{{{Published}},"latestVersion":3,"publishedAt":"2026-01-31T12:00:00Z",{{Meters}}}"""),
        Refusals = [Code.RateCardNotFound],
    };

    public static readonly Operation Simulate = new("simulateRateCard", "POST", "/v1/rate-cards/{card}/simulate", "Rate cards", "Price stored usage again under a draft")
    {
        Access = AccessRule.OperatesInstallation,
        Description = "What an account was charged in a range, and what it would have been under the draft, by meter and in total; nothing is changed. Usage is priced by the code that charges, each line on what its "
            + "period had used before it, also before `from`, and at the discount of that time. What was charged stays charged, whether or not there would have been credits for it; an `upTo` charge that was cut takes no more than it did; "
            + "credits settled as such stay what they were; a reversal gives back its share of what its charge would have taken (of a charge before the period in which `from` lies, and before any that the range's usage counts in: what it did give back). "
            + "Exact, or refused: `too_old` where the ledger does not have every entry, `detail_not_kept` where it is rolled up, `out_of_range` where it takes more than 1,000,000 of them.",
        Requests = [new(typeof(Shapes.SimulationRequest), $$$"""{"account":"acme","from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","draft":{{{{Meters}}}}}""")],
        Reply = new(typeof(Shapes.Simulation),
            """
            {"meters":[{"meter":"api.calls","quantity":"2500000","credits":"3","simulated":"2.5","difference":"-0.5"},
                       {"meter":"egress","quantity":"7","unpriced":"7","credits":"7","simulated":"0","difference":"-7"}],
             "total":{"credits":"10","simulated":"2.5","difference":"-7.5"},"lines":3,"entries":5}
            """),
        Refusals = [Code.AccountNotFound, Code.TooOld, Code.DetailNotKept, Code.OutOfRange],
    };
}
