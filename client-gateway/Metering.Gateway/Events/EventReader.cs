using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;
using Metering.Gateway.Json;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Events;

/// <summary>
/// Reads events as the ecosystem sends them: one in JSON (structured), many in JSON (batched), or one spread over headers and body
/// (binary). An event of a batch that is not valid refuses itself and no other.
/// </summary>
internal static class EventReader
{
    private static readonly JsonDocumentOptions Documents = new() { AllowDuplicateProperties = false, MaxDepth = JsonCursor.MaxDepth };
    private static readonly JsonEventFormatter Formatter = new(new JsonSerializerOptions(), Documents);

    public static BatchItem ReadStructured(ReadOnlySpan<byte> body)
    {
        using var document = JsonDocument.Parse(body.ToArray(), Documents);
        return Read(document.RootElement);
    }

    /// <exception cref="JsonException">The body is not JSON.</exception>
    /// <returns>The events' charges, or null when the body is no array, or one of too many.</returns>
    public static List<BatchItem>? ReadBatch(ReadOnlySpan<byte> body, Faults faults)
    {
        using var document = JsonDocument.Parse(body.ToArray(), Documents);
        if (document.RootElement.ValueKind != JsonValueKind.Array)
        {
            faults.AddHere(FaultCodes.WrongType, "It must be an array of events.");
            return null;
        }

        if (document.RootElement.GetArrayLength() > Limits.MaxChargesPerBatch)
        {
            faults.AddHere(FaultCodes.TooMany, $"It may have at most {Limits.MaxChargesPerBatch}.");
            return null;
        }

        return [.. document.RootElement.EnumerateArray().Select(Read)];
    }

    public static BatchItem ReadBinary(IHeaderDictionary headers, string? contentType, ReadOnlySpan<byte> body)
    {
        var faults = new Faults();
        var attributes = EventAttributes.From(headers, contentType, faults);
        attributes.Check(faults);
        var cloudEvent = new CloudEvent(CloudEventsSpecVersion.V1_0);
        if (!faults.Any)
        {
            attributes.CopyTo(cloudEvent, faults);
        }

        if (!faults.Any && !body.IsEmpty)
        {
            Formatter.DecodeBinaryModeEventData(body.ToArray(), cloudEvent);
        }

        return ToItem(cloudEvent, faults);
    }

    private static BatchItem Read(JsonElement element)
    {
        var faults = new Faults();
        if (element.ValueKind != JsonValueKind.Object)
        {
            faults.AddHere(FaultCodes.WrongType, "It must be an object.");
            return BatchItem.Refused("", faults.ToRefusal());
        }

        CloudEvent? cloudEvent = null;
        try
        {
            EventAttributes.From(element, faults).Check(faults);
            cloudEvent = faults.Any ? null : Formatter.ConvertFromJsonElement(element, extensionAttributes: null);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or InvalidOperationException)
        {
            // What the library refuses beyond our own checks, half a surrogate pair among it: its reason is told without a path of its own.
            faults.AddHere(FaultCodes.BadFormat, $"It is not a CloudEvent: {exception.Message}");
        }

        return ToItem(cloudEvent, faults);
    }

    private static BatchItem ToItem(CloudEvent? cloudEvent, Faults faults)
    {
        var item = faults.Any || cloudEvent is null ? default : EventCharge.From(cloudEvent, faults);
        return faults.Any ? BatchItem.Refused("", faults.ToRefusal()) : item;
    }
}
