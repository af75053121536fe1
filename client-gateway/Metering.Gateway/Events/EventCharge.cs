using System.Runtime.InteropServices;
using System.Text.Json;
using CloudNative.CloudEvents;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Events;

/// <summary>
/// An event is a charge in <c>record</c> mode, for it tells what has happened: its subject is the account, its type the meter, and its
/// extension attributes are dimensions beside those of its data.
/// </summary>
internal static class EventCharge
{
    private static readonly FieldNames DataFields = new("quantity", "dimensions");

    /// <summary>Takes an event whose attributes are in order; its data is judged here.</summary>
    public static BatchItem From(CloudEvent cloudEvent, Faults faults)
    {
        var dimensions = new Dictionary<string, string>(StringComparer.Ordinal);
        var quantity = 1m;
        faults.Enter(EventAttributes.Data);
        if (cloudEvent.Data is JsonElement { ValueKind: not JsonValueKind.Null } data)
        {
            quantity = ReadData(data, dimensions, faults);
        }

        faults.Leave();
        AddExtensions(cloudEvent, dimensions, faults);
        faults.Enter(EventAttributes.Data);
        Shape.Count(faults, "dimensions", dimensions.Count, 0, Limits.MaxDimensions);
        faults.Leave();
        var charge = new ChargeRequest
        {
            Id = EventId.Combine(cloudEvent.Source!.OriginalString, cloudEvent.Id!),
            Lines = [new ChargeLine { Meter = cloudEvent.Type!, Quantity = quantity, Dimensions = dimensions }],
            Time = cloudEvent.Time?.ToUniversalTime(),
            Mode = ChargeMode.Record,
        };
        return new BatchItem(cloudEvent.Subject!, charge, null);
    }

    private static decimal ReadData(JsonElement data, Dictionary<string, string> dimensions, Faults faults)
    {
        decimal? quantity = null;
        var json = new JsonCursor(JsonMarshal.GetRawUtf8Value(data), faults);
        if (json.IsObjectHere())
        {
            var seen = 0u;
            while (json.NextField(DataFields, ref seen, out var field))
            {
                if (field == 0)
                {
                    quantity = json.Number("quantity");
                    Shape.Amount(faults, "quantity", quantity);
                }
                else if (json.Pairs("dimensions", Limits.MaxDimensions) is { } pairs)
                {
                    Shape.Dimensions(faults, "dimensions", pairs);
                    foreach (var (name, value) in pairs)
                    {
                        dimensions.Add(name, value);
                    }
                }
            }
        }

        return quantity ?? 1m;
    }

    private static void AddExtensions(CloudEvent cloudEvent, Dictionary<string, string> dimensions, Faults faults)
    {
        foreach (var (attribute, value) in cloudEvent.GetPopulatedAttributes())
        {
            if (!attribute.IsExtension)
            {
                continue;
            }

            var text = attribute.Format(value);
            Shape.Name(faults, attribute.Name, attribute.Name, Limits.MaxDimensionNameLength);
            Shape.Text(faults, attribute.Name, text, Limits.MaxDimensionValueLength);
            if (!dimensions.TryAdd(attribute.Name, text) && dimensions[attribute.Name] != text)
            {
                // Neither may win: one of them would be priced, and the caller could not know which.
                faults.Add(attribute.Name, FaultCodes.Conflict, "The data's dimension of this name has another value.");
            }
        }
    }
}
