using Metering.Contracts;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Json;

/// <summary>Holds, and how they end. What stands in the address (the hold, the charge) is not in the body.</summary>
internal static class HoldReader
{
    /// <summary>In the place of an amount that was given and has its fault: the rules need not ask for it, nor for what goes instead of it.</summary>
    private const decimal Unreadable = 1m;

    private static readonly FieldNames HoldFields = new("id", "meter", "quantity", "dimensions", "credits", "ttlSeconds", "mode");
    private static readonly FieldNames SettleFields = new("id", "quantity", "credits", "final", "mode", "explain");
    private static readonly FieldNames ReleaseFields = new("id");
    private static readonly FieldNames ReversalFields = new("id", "quantity");

    public static HoldRequest? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var hold = new HoldRequest { Id = "" };
        var seen = 0u;
        while (json.NextField(HoldFields, ref seen, out var field))
        {
            hold = field switch
            {
                0 => hold with { Id = json.Text("id") ?? "" },
                1 => hold with { Meter = json.Text("meter") },
                2 => hold with { Quantity = json.Number("quantity") },
                3 => hold with { Dimensions = json.Pairs("dimensions", Limits.MaxDimensions) ?? hold.Dimensions },
                4 => hold with { Credits = json.Number("credits") ?? Unreadable },
                5 => hold with { TimeToLive = json.WholeNumber("ttlSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : hold.TimeToLive },
                _ => hold with { Mode = json.Choice(WireNames.HoldModes, "mode") ?? hold.Mode },
            };
        }

        HoldRules.Check(hold, json.Faults);
        return hold;
    }

    public static SettleRequest? ReadSettle(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var settle = new SettleRequest { Id = "", Hold = "" };
        var seen = 0u;
        while (json.NextField(SettleFields, ref seen, out var field))
        {
            settle = field switch
            {
                0 => settle with { Id = json.Text("id") ?? "" },
                1 => settle with { Quantity = json.Number("quantity") ?? Unreadable },
                2 => settle with { Credits = json.Number("credits") ?? Unreadable },
                3 => settle with { Final = json.Flag("final") ?? settle.Final },
                4 => settle with { Mode = json.Choice(WireNames.SettleModes, "mode") ?? settle.Mode },
                _ => settle with { Explain = json.Flag("explain") ?? false },
            };
        }

        SettleRules.Check(settle, json.Faults);
        return settle;
    }

    public static ReleaseRequest? ReadRelease(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var release = new ReleaseRequest("", "");
        var seen = 0u;
        while (json.NextField(ReleaseFields, ref seen, out _))
        {
            release = release with { Id = json.Text("id") ?? "" };
        }

        ReleaseRules.Check(release, json.Faults);
        return release;
    }

    public static ReversalRequest? ReadReversal(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var reversal = new ReversalRequest { Id = "", Charge = "" };
        var seen = 0u;
        while (json.NextField(ReversalFields, ref seen, out var field))
        {
            reversal = field switch
            {
                0 => reversal with { Id = json.Text("id") ?? "" },
                _ => reversal with { Quantity = json.Number("quantity") },
            };
        }

        ReversalRules.Check(reversal, json.Faults);
        return reversal;
    }
}
