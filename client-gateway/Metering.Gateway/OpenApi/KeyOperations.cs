using Metering.Contracts;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class KeyOperations
{
    private const string Fields =
        """
        "id":"K7dQ2mZx0PbT","name":"portal","role":"charge","accounts":["team-*"],"meters":["llm.*"],"chargesPerSecond":1000,
        "createdAt":"2026-01-31T12:00:00Z","expiresAt":"2027-01-31T00:00:00Z"
        """;

    private const string Text = "mk_K7dQ2mZx0PbT_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx000000";

    public static readonly Operation Add = new("addKey", "POST", "/v1/keys", "Keys", "Make an API key")
    {
        Access = AccessRule.Administers,
        Description = "The answer has the key's text, which is kept nowhere and not told again. Sent again, it makes another key. "
            + "Where no keys are needed the first must be an admin's, and from then on nobody is let in without one.",
        Requests =
        [
            new(typeof(Shapes.KeyRequest),
                """{"name":"portal","role":"charge","accounts":["team-*"],"meters":["llm.*"],"chargesPerSecond":1000,"expiresAt":"2099-01-31T00:00:00Z"}"""),
        ],
        Reply = new(typeof(Shapes.KeyWithText), $$"""{{{Fields}},"key":"{{Text}}"}"""),
        Refusals = [Code.OutOfRange],
    };

    public static readonly Operation List = new("listKeys", "GET", "/v1/keys", "Keys", "List API keys")
    {
        Access = AccessRule.Administers,
        Description = "The oldest first. Keys that have ended are told for 30 days at least.",
        Query =
        [
            new("cursor", typeof(string), "The cursor of the page before; the first page when left out."),
            new("limit", typeof(int), "1 to 1000 keys; 100 when left out."),
        ],
        Reply = new(typeof(Shapes.KeyPage), $$"""{"keys":[{{{Fields}}}],"cursor":"K7dQ2mZx0PbT"}"""),
    };

    public static readonly Operation Get = new("getKey", "GET", "/v1/keys/{key}", "Keys", "Read an API key")
    {
        Access = AccessRule.Administers,
        Reply = new(typeof(Shapes.Key), $$"""{{{Fields}}}"""),
        Refusals = [Code.KeyNotFound],
    };

    public static readonly Operation Rotate = new("rotateKey", "POST", "/v1/keys/{key}/rotate", "Keys", "Give an API key another text")
    {
        Access = AccessRule.Administers,
        Description = "The texts before are good until the overlap ends. Id, role and limits stay. Without `AdminKey` in the settings the last admin key needs an overlap of a minute at least.",
        Requests = [new(typeof(Shapes.KeyRotation), """{"overlapSeconds":3600}""")],
        Reply = new(typeof(Shapes.KeyWithText), $$"""{{{Fields}},"formerUntil":"2026-01-31T13:00:00Z","key":"{{Text}}"}"""),
        Refusals = [Code.KeyNotFound, Code.LastAdminKey],
    };

    public static readonly Operation Revoke = new("revokeKey", "DELETE", "/v1/keys/{key}", "Keys", "End an API key for good")
    {
        Access = AccessRule.Administers,
        Description = "No gateway takes it after about a second, nor customer tokens made with it; a gateway that cannot reach the silos, after 30 s (`MaxKeysAge`). Again is answered as before. "
            + "Without `AdminKey` in the settings the last admin key cannot be ended.",
        Reply = new(typeof(Shapes.Key), $$"""{{{Fields}},"revokedAt":"2026-02-01T00:00:00Z"}"""),
        Refusals = [Code.KeyNotFound, Code.LastAdminKey],
    };

    public static readonly Operation MakeToken = new("makeToken", "POST", "/v1/accounts/{account}/tokens", "Keys", "Let a customer read their account")
    {
        Access = AccessRule.ChargesAccount,
        Description = "A token for a customer's browser: it reads this account and nothing else, and ends with its time or with the key that asked for it.",
        Requests = [new(typeof(Shapes.TokenRequest), """{"ttlSeconds":900}""")],
        Reply = new(typeof(Shapes.CustomerToken), """{"account":"acme","token":"mt_MXwxNzY5ODYwOTAwfHxhY21l.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","expiresAt":"2026-01-31T12:15:00Z"}"""),
        Refusals = [Code.AccountNotFound, Code.Quarantined],
    };
}
