using System.Net.Mime;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.Http;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;
using Microsoft.AspNetCore.Http;

namespace Metering.Gateway.Events;

/// <summary>
/// Judges an event's attributes before the CloudEvents library reads them: the library stops at the first it does not like, and a
/// caller wants them all, by name.
/// </summary>
internal sealed class EventAttributes
{
    public const string Id = "id";
    public const string Source = "source";
    public const string Type = "type";
    public const string Subject = "subject";
    public const string Time = "time";
    public const string SpecVersion = "specversion";
    public const string DataContentType = "datacontenttype";
    public const string Data = "data";
    public const string DataBase64 = "data_base64";

    private const string OnlyVersion = "1.0";

    private static readonly string[] Required = [SpecVersion, Id, Source, Type, Subject];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Takes the attributes of the JSON format: everything but the data.</summary>
    public static EventAttributes From(JsonElement element, Faults faults)
    {
        var attributes = new EventAttributes();
        foreach (var property in element.EnumerateObject())
        {
            if (property.Name == DataBase64)
            {
                faults.Add(DataBase64, FaultCodes.BadFormat, "The data must be JSON, in data.");
            }
            else if (property.Name != Data && property.Value.ValueKind != JsonValueKind.Null)
            {
                attributes.AddJson(property.Name, property.Value, faults);
            }
        }

        return attributes;
    }

    /// <summary>Takes the attributes of binary mode: one header each, and the body's content type.</summary>
    public static EventAttributes From(IHeaderDictionary headers, string? contentType, Faults faults)
    {
        var attributes = new EventAttributes();
        foreach (var (header, values) in headers)
        {
            if (HttpUtilities.GetAttributeNameFromHeaderName(header) is { } name)
            {
                foreach (var value in values)
                {
                    attributes.Add(name, HttpUtilities.DecodeHeaderValue(value ?? ""), faults);
                }
            }
        }

        if (contentType is not null)
        {
            attributes.Add(DataContentType, contentType, faults);
        }

        return attributes;
    }

    /// <summary>Gives them to the library, which may yet refuse one.</summary>
    public void CopyTo(CloudEvent cloudEvent, Faults faults)
    {
        foreach (var (name, value) in _values)
        {
            try
            {
                if (name != SpecVersion)
                {
                    cloudEvent.SetAttributeFromString(name, value);
                }
            }
            catch (Exception exception) when (exception is ArgumentException or FormatException)
            {
                faults.Add(name, FaultCodes.BadFormat, "It is not a valid value of this attribute.");
            }
        }
    }

    private void Add(string name, string value, Faults faults)
    {
        if (!_values.TryAdd(name, value))
        {
            faults.Add(name, FaultCodes.Duplicate, "It is given more than once.");
        }
    }

    public void Check(Faults faults)
    {
        foreach (var name in Required)
        {
            if (_values.GetValueOrDefault(name, "").Length == 0)
            {
                faults.Add(name, FaultCodes.Required, "It must be given.");
            }
        }

        foreach (var name in _values.Keys)
        {
            if (name.Length == 0 || !name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character)))
            {
                faults.Add(name, FaultCodes.BadFormat, "An attribute's name may only have the characters a-z 0-9.");
            }
        }

        if (_values.TryGetValue(SpecVersion, out var version) && version != OnlyVersion)
        {
            faults.Add(SpecVersion, FaultCodes.BadFormat, "It must be 1.0.");
        }

        if (_values.TryGetValue(Time, out var time) && !InstantText.TryParse(time, out _))
        {
            faults.Add(Time, FaultCodes.BadFormat, "It must be a time with its offset, such as 2026-01-31T12:00:00Z.");
        }

        if (_values.TryGetValue(DataContentType, out var contentType) && !IsJson(contentType))
        {
            faults.Add(DataContentType, FaultCodes.BadFormat, "The data must be JSON.");
        }

        Name(faults, Subject);
        Name(faults, Type);
    }

    private static bool IsJson(string contentType)
    {
        try
        {
            var media = new ContentType(contentType);
            return (media.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
                    || media.MediaType.EndsWith("+json", StringComparison.OrdinalIgnoreCase))
                && media.CharSet?.Equals("utf-8", StringComparison.OrdinalIgnoreCase) != false;
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException)
        {
            return false;
        }
    }

    private void Name(Faults faults, string attribute)
    {
        if (_values.TryGetValue(attribute, out var name))
        {
            Shape.Name(faults, attribute, name);
        }
    }

    private void AddJson(string name, JsonElement value, Faults faults)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                Add(name, value.GetString()!, faults);
                break;
            case JsonValueKind.True or JsonValueKind.False when !IsOfStandard(name):
                Add(name, value.GetRawText(), faults);
                break;
            case JsonValueKind.Number when !IsOfStandard(name) && value.TryGetInt32(out _):
                Add(name, value.GetRawText(), faults);
                break;
            default:
                faults.Add(name, FaultCodes.WrongType, "It must be a string.");
                break;
        }
    }

    private static bool IsOfStandard(string name) => Required.Contains(name) || name is Time or DataContentType or "dataschema";
}
