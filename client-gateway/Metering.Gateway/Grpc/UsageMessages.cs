using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>Questions about usage and their answers, between messages and the contracts.</summary>
internal static class UsageMessages
{
    public static UsageRequest FromWire(V1.ReadUsageRequest wire, Faults faults) =>
        FromWire(wire.From, wire.To, wire.Window, wire.GroupBy, wire.Meter, wire.Dimensions, wire.HasTop ? wire.Top : null, wire.By, isOneAccount: true, faults);

    public static UsageRequest FromWire(V1.ReadUsageAcrossAccountsRequest wire, Faults faults) =>
        FromWire(wire.From, wire.To, wire.Window, wire.GroupBy, wire.Meter, wire.Dimensions, wire.HasTop ? wire.Top : null, wire.By, isOneAccount: false, faults);

    /// <exception cref="global::Grpc.Core.RpcException">A sum has more whole units than the wire has room for.</exception>
    public static V1.UsageReply ToWire(UsageRequest request, UsageReply reply)
    {
        var wire = new V1.UsageReply
        {
            Source = reply.Source switch
            {
                UsageSource.Segments => V1.UsageSource.Segments,
                UsageSource.Account => V1.UsageSource.Account,
            },
            Detail = reply.Detail.ToWire(),
        };
        wire.Rows.Add(reply.Rows.Select(row => ToWire(request, row)));
        wire.Damaged.Add(reply.Damaged);
        return wire;
    }

    private static UsageRequest FromWire(
        Timestamp? from,
        Timestamp? to,
        V1.UsageWindow window,
        RepeatedField<string> groupBy,
        string meter,
        MapField<string, string> dimensions,
        int? top,
        V1.UsageMeasure by,
        bool isOneAccount,
        Faults faults)
    {
        var (start, end, cut) = (Required(from, "from", faults), Required(to, "to", faults), WireValues.Window(window, faults));
        if (start is not null && end is not null)
        {
            UsageRules.Range(faults, start.Value, end.Value, cut);
        }

        var groups = UsageRules.Groups(faults, groupBy, isOneAccount);
        UsageRules.Top(faults, top, groups.Count, cut);
        var measure = WireValues.Measure(by, faults);
        if (by != V1.UsageMeasure.Unspecified)
        {
            UsageRules.By(faults, top);
        }

        Shape.Dimensions(faults, "dimension", dimensions);
        return new UsageRequest
        {
            From = start ?? default,
            To = end ?? default,
            Window = cut,
            GroupBy = groups,
            Meter = LedgerRules.Meter(faults, meter),
            Dimensions = new Dictionary<string, string>(dimensions, StringComparer.Ordinal),
            Top = top,
            By = measure,
        };
    }

    private static DateTimeOffset? Required(Timestamp? wire, string field, Faults faults)
    {
        if (wire is null)
        {
            faults.Add(field, FaultCodes.Required, "It must be given.");
        }

        return WireValues.Instant(wire, field, faults);
    }

    private static V1.UsageRow ToWire(UsageRequest request, UsageRow row)
    {
        var wire = new V1.UsageRow
        {
            From = row.From.ToWire(),
            To = row.To.ToWire(),
            Quantity = row.Quantity.SumToWire(),
            Credits = row.Credits.SumToWire(),
            Lines = row.Lines,
        };
        for (var i = 0; i < row.Groups.Count; i++)
        {
            var (group, value) = (request.GroupBy[i], row.Groups[i]);
            switch (group.Kind)
            {
                case UsageGroupKind.Account:
                    wire.Account = value ?? "";
                    break;
                case UsageGroupKind.Meter:
                    wire.Meter = value ?? "";
                    break;
                case UsageGroupKind.Dimension:
                    // A line that does not have the dimension is told apart from one whose value is empty.
                    if (value is not null)
                    {
                        wire.Dimensions.Add(group.Dimension, value);
                    }

                    break;
            }
        }

        return wire;
    }
}
