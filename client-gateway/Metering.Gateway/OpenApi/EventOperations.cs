using Metering.Gateway.Events;
using Metering.Gateway.Security;

namespace Metering.Gateway.OpenApi;

internal static class EventOperations
{
    private const string Event =
        """
        {"specversion":"1.0","id":"8c1d","source":"chat","type":"llm.tokens","subject":"acme",
         "data":{"quantity":"1200","dimensions":{"model":"gpt-4"}}}
        """;

    private const string Data = """{"quantity":"1200","dimensions":{"model":"gpt-4"}}""";

    public static readonly Operation Publish = new("publishEvents", "POST", "/v1/events", "Events", "Record usage from CloudEvents")
    {
        Access = AccessRule.ChargesEachAccount,
        Description = "CloudEvents 1.0: structured, batched (answered as a batch of charges), or binary (the attributes in `ce-` headers, the data in the "
            + "body). The subject is the account, the type the meter, source and id together the charge's id; extension attributes are dimensions too.",
        Requests =
        [
            new(typeof(Shapes.MeteringEvent), Event) { ContentType = EventEndpoints.StructuredContentType },
            new(typeof(IReadOnlyList<Shapes.MeteringEvent>), $"[{Event}]") { ContentType = EventEndpoints.BatchContentType },
            new(typeof(Shapes.EventData), Data),
        ],
        Reply = new(typeof(Shapes.ChargeReply),
            """{"id":"chat:8c1d","outcome":"charged","credits":"0.072","balance":"99.928","available":"99.928","sequence":43,"replayed":false}"""),
        Refusals = ChargeOperations.Refusals,
    };
}

internal static class HealthOperations
{
    public static readonly Operation Live = new("live", "GET", "/healthz/live", "Health", "Whether the process answers")
    {
        Access = AccessRule.Open,
        Reply = new(typeof(Shapes.Health), """{"status":"live"}"""),
    };

    public static readonly Operation Ready = new("ready", "GET", "/healthz/ready", "Health", "Whether charges can be taken")
    {
        Access = AccessRule.Open,
        Description = "503 until a grain answers, and as soon as the process is told to stop. `degraded`, with the reasons, while it serves and something needs an operator's eye: a ledger that does not follow.",
        Reply = new(typeof(Shapes.Health), """{"status":"ready"}"""),
    };
}
