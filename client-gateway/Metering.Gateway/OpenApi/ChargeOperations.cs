using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class ChargeOperations
{
    /// <summary>Why a charge may be refused.</summary>
    public static readonly Code[] Refusals =
    [
        Code.AccountNotFound, Code.IdReused, Code.AccountClosed, Code.AccountFrozen, Code.MeterNotAllowed, Code.ChargeTooLarge,
        Code.DimensionRequired, Code.UnknownMeter, Code.NoPrice, Code.TooOld, Code.InFuture, Code.OutOfRange, Code.RateLimited,
        Code.BudgetExceeded, Code.InsufficientCredits, Code.Quarantined,
    ];

    public static readonly Operation Charge = new(
        "charge", "POST", "/v1/accounts/{account}/charges", "Charges", "Price usage and deduct it")
    {
        Access = AccessRule.ChargesAccount,
        Description = "All lines or none. A retry with the same id and body gets the original answer, with `replayed` true.",
        Requests =
        [
            new(typeof(Shapes.Charge), """{"id":"req-1","meter":"llm.tokens","quantity":"1200","dimensions":{"model":"gpt-4","kind":"output"}}"""),
        ],
        Reply = new(typeof(Shapes.ChargeReply), Charged),
        Refusals = Refusals,
    };

    public static readonly Operation Get = new(
        "getCharge", "GET", "/v1/accounts/{account}/charges/{id}", "Charges", "Read a charge that is still remembered")
    {
        Access = AccessRule.ReadsAccount,
        Reply = new(typeof(Shapes.ChargeView),
            $$$"""
            {"id":"req-1","outcome":"charged","at":"2026-01-31T12:00:00Z","mode":"enforce",
             "lines":[{"meter":"llm.tokens","quantity":"1200","dimensions":{"model":"gpt-4","kind":"output"}}],
             "credits":"0.072","balance":"99.928","available":"99.928","sequence":43,{{{Explanation}}}}
            """),
        Refusals = [Code.AccountNotFound, Code.ChargeNotFound, Code.Quarantined],
    };

    public static readonly Operation Reverse = new(
        "reverseCharge", "POST", "/v1/accounts/{account}/charges/{charge}/reversals", "Charges", "Give a charge back")
    {
        Access = AccessRule.ChargesAccount,
        Description = "Wholly, or in proportion to a quantity; to the grants it came from. Never more than was charged in total. A charge that the account has forgotten is looked for in the "
            + "ledger, if the server keeps one; refused with `too_old` when the ledger does not have all that came after it.",
        Requests = [new(typeof(Shapes.ReversalRequest), """{"id":"r1","quantity":"600"}""")],
        Reply = new(typeof(Shapes.ReversalReply),
            """
            {"id":"r1","charge":"req-1","outcome":"reversed","credits":"0.036","balance":"99.964","available":"99.964","sequence":44,
             "replayed":false,"returned":[{"grant":"plan","credits":"0.036"}]}
            """),
        Refusals = [Code.AccountNotFound, Code.ChargeNotFound, Code.IdReused, Code.AccountClosed, Code.TooOld, Code.DetailNotKept, Code.OutOfRange, Code.ExceedsCharge, Code.Quarantined],
    };

    public static readonly Operation ChargeMany = new(
        "chargeMany", "POST", "/v1/charges", "Charges", "Charge many accounts at once")
    {
        Access = AccessRule.ChargesEachAccount,
        Description = "At most 10,000 charges, each on its own: one result for each, in order, a reply or a problem.",
        Requests =
        [
            new(typeof(Shapes.ChargeBatch),
                """
                {"charges":[{"account":"acme","id":"req-1","meter":"llm.tokens","quantity":"1200","dimensions":{"model":"gpt-4","kind":"output"}},
                            {"account":"globex","id":"req-2","lines":[{"meter":"api.calls","quantity":"1"}],"mode":"upTo"}]}
                """),
        ],
        Reply = new(typeof(Shapes.BatchReply),
            $$$"""
            {"results":[{{{Charged}}},
             {"type":"urn:metering:problem:account_not_found","title":"Account not found","status":404,"code":"account_not_found",
              "detail":"There is no account globex.","account":"globex","retryable":false}]}
            """),
    };

    public static readonly Operation Quote = new(
        "quote", "POST", "/v1/accounts/{account}/quotes", "Charges", "Price usage without charging it")
    {
        Access = AccessRule.ChargesAccount,
        Description = "Against the account's rate card, or a draft.",
        Requests =
        [
            new(typeof(Shapes.QuoteRequest),
                """
                {"id":"req-1","meter":"llm.tokens","quantity":"1200",
                 "rateCard":{"meters":[{"meter":"llm.tokens","unit":"token","prices":[{"id":"all","kind":"per_unit","unitPrice":"0.00006"}]}]}}
                """),
        ],
        Reply = new(typeof(Shapes.QuoteReply), $$$"""{"credits":"0.072","balance":"99.928","available":"99.928",{{{Explanation}}}}"""),
        Refusals = Refusals,
    };

    private const string Charged =
        """{"id":"req-1","outcome":"charged","credits":"0.072","balance":"99.928","available":"99.928","sequence":43,"replayed":false}""";

    private const string Explanation =
        """
        "explanation":[{"meter":"llm.tokens","card":"default","version":3,"price":"gpt4-out","quantityBefore":"0","quantity":"1200",
          "tiers":[{"tier":1,"quantity":"1200","unitPrice":"0.00006","credits":"0.072"}],"credits":"0.072"}],
         "burned":[{"grant":"plan","credits":"0.072"}]
        """;
}
