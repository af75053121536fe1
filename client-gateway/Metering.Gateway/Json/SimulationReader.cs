using Metering.Contracts;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Json;

/// <summary>Which account's usage to price again: <c>{account, from, to, draft}</c>.</summary>
internal readonly record struct SimulationBody(string Account, DateTimeOffset From, DateTimeOffset To, RateCardDraft Draft);

internal static class SimulationReader
{
    private static readonly FieldNames Fields = new("account", "from", "to", "draft");

    public static SimulationBody Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return default;
        }

        var account = "";
        var (from, to) = ((DateTimeOffset?)null, (DateTimeOffset?)null);
        var draft = (RateCardDraft?)null;
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out var field))
        {
            switch (field)
            {
                case 0: account = json.Text("account") ?? ""; break;
                case 1: from = json.Instant("from"); break;
                case 2: to = json.Instant("to"); break;
                default: draft = RateCardReader.ReadNested(ref json, "draft"); break;
            }
        }

        return SimulationRules.Check(account, from, to, draft, json.Faults);
    }
}
