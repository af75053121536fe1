using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class HoldOperations
{
    public static readonly Operation Place = new("placeHold", "POST", "/v1/accounts/{account}/holds", "Holds", "Set credits aside")
    {
        Access = AccessRule.ChargesAccount,
        Description = "For usage whose size is not known yet: for a quantity of a meter, priced now, or for credits. It lowers what is available, "
            + "not the balance, and ends by itself when its time is over.",
        Requests =
        [
            new(typeof(Shapes.HoldRequest),
                """{"id":"h1","meter":"llm.tokens","quantity":"100000","dimensions":{"model":"gpt-4","kind":"output"},"ttlSeconds":120}"""),
        ],
        Reply = new(typeof(Shapes.HoldReply),
            """
            {"hold":"h1","outcome":"held","credits":"6","expiresAt":"2026-01-31T12:02:00Z","balance":"99.928","available":"93.928",
             "sequence":44,"replayed":false}
            """),
        Refusals = ChargeOperations.Refusals,
    };

    public static readonly Operation Settle = new(
        "settleHold", "POST", "/v1/accounts/{account}/holds/{hold}/settle", "Holds", "Charge what a hold was for")
    {
        Access = AccessRule.ChargesAccount,
        Description = "With the actual quantity or credits: less gives the rest back, more takes the extra. With `final` false the hold stays open "
            + "for what is left of it. A refused settle leaves the hold as it was.",
        Requests = [new(typeof(Shapes.SettleRequest), """{"id":"s1","quantity":"80000"}""")],
        Reply = new(typeof(Shapes.SettleReply),
            """
            {"id":"s1","hold":"h1","outcome":"settled","credits":"4.8","released":"1.2","balance":"95.128","available":"95.128",
             "sequence":45,"replayed":false}
            """),
        Refusals = [Code.HoldNotFound, Code.HoldClosed, Code.HoldExpired, .. ChargeOperations.Refusals],
    };

    public static readonly Operation Release = new(
        "releaseHold", "POST", "/v1/accounts/{account}/holds/{hold}/release", "Holds", "Give a hold's credits back")
    {
        Access = AccessRule.ChargesAccount,
        Requests = [new(typeof(Shapes.ReleaseRequest), """{"id":"s1"}""")],
        Reply = new(typeof(Shapes.SettleReply),
            """
            {"id":"s1","hold":"h1","outcome":"released","credits":"0","released":"6","balance":"99.928","available":"99.928",
             "sequence":45,"replayed":false}
            """),
        Refusals = [Code.AccountNotFound, Code.HoldNotFound, Code.IdReused, Code.AccountClosed, Code.HoldClosed, Code.HoldExpired, Code.Quarantined],
    };
}
