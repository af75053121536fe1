using Metering.Gateway.Routing;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Json;

/// <summary>
/// Reads <c>{charges: […]}</c>. A charge that is not valid refuses itself and no other: its faults have paths of their own, which
/// begin at the charge. Only a body that cannot be read as a batch is refused as a whole.
/// </summary>
internal static class BatchReader
{
    private static readonly FieldNames Fields = new("charges");

    public static List<BatchItem>? Read(ref JsonCursor json)
    {
        if (!json.IsObjectHere())
        {
            return null;
        }

        var faults = json.Faults;
        List<BatchItem>? items = null;
        var seen = 0u;
        while (json.NextField(Fields, ref seen, out _))
        {
            items = json.IsArray("charges") ? ReadItems(ref json) : null;
        }

        if (items is null)
        {
            faults.Add("charges", FaultCodes.Required, "It must be given.");
        }

        return items;
    }

    private static List<BatchItem> ReadItems(ref JsonCursor json)
    {
        var faults = json.Faults;
        var items = new List<BatchItem>();
        var ofItem = new Faults();
        while (json.NextElement())
        {
            if (items.Count == Limits.MaxChargesPerBatch)
            {
                faults.Add("charges", FaultCodes.TooMany, $"It may have at most {Limits.MaxChargesPerBatch}.");
                json.Skip();
                continue;
            }

            json.Faults = ofItem;
            var body = ChargeReader.ReadItem(ref json);
            json.Faults = faults;
            if (ofItem.Any)
            {
                items.Add(BatchItem.Refused(body.Account ?? "", ofItem.ToRefusal()));
                ofItem = new Faults();
            }
            else
            {
                items.Add(new BatchItem(body.Account!, body.Charge, null));
            }
        }

        return items;
    }
}
