namespace Metering.Client.Wire;

/// <summary>Questions about usage to their messages, and answers from theirs.</summary>
internal static class UsageMessages
{
    public static V1.ReadUsageRequest ToWire(string account, UsageQuery query)
    {
        var wire = new V1.ReadUsageRequest
        {
            Account = account,
            From = WireValues.ToWire(query.From),
            To = WireValues.ToWire(query.To),
            Window = query.Window is { } window ? Window(window) : V1.UsageWindow.Unspecified,
            Meter = query.Meter ?? "",
            By = query.By is { } measure ? Measure(measure) : V1.UsageMeasure.Unspecified,
        };
        wire.GroupBy.Add(query.GroupBy);
        WireValues.Add(wire.Dimensions, query.Dimensions);
        if (query.Top is { } top)
        {
            wire.Top = top;
        }

        return wire;
    }

    public static V1.ReadUsageAcrossAccountsRequest ToWire(UsageQuery query)
    {
        // The two differ in the account alone.
        var one = ToWire("", query);
        var wire = new V1.ReadUsageAcrossAccountsRequest { From = one.From, To = one.To, Window = one.Window, Meter = one.Meter, By = one.By };
        wire.GroupBy.Add(one.GroupBy);
        wire.Dimensions.Add(one.Dimensions);
        if (one.HasTop)
        {
            wire.Top = one.Top;
        }

        return wire;
    }

    public static UsageReport FromWire(V1.UsageReply wire) => new(
        [
            .. wire.Rows.Select(static row => new UsageRow
            {
                From = row.From.ToDateTimeOffset(),
                To = row.To.ToDateTimeOffset(),
                Account = row.Account,
                Meter = row.Meter,
                Dimensions = WireValues.FromWire(row.Dimensions),
                Quantity = WireValues.FromWire(row.Quantity),
                Credits = WireValues.FromWire(row.Credits),
                Lines = row.Lines,
            }),
        ],
        wire.Source switch
        {
            V1.UsageSource.Segments => UsageSource.Segments,
            V1.UsageSource.Account => UsageSource.Account,
            _ => throw WireValues.Unknown(wire.Source),
        },
        [.. wire.Damaged],
        LedgerMessages.Detail(wire.Detail));

    private static V1.UsageWindow Window(UsageWindow window) => window switch
    {
        UsageWindow.Minute => V1.UsageWindow.Minute,
        UsageWindow.Hour => V1.UsageWindow.Hour,
        UsageWindow.Day => V1.UsageWindow.Day,
        UsageWindow.Month => V1.UsageWindow.Month,
    };

    private static V1.UsageMeasure Measure(UsageMeasure measure) => measure switch
    {
        UsageMeasure.Credits => V1.UsageMeasure.Credits,
        UsageMeasure.Quantity => V1.UsageMeasure.Quantity,
        UsageMeasure.Lines => V1.UsageMeasure.Lines,
    };
}
