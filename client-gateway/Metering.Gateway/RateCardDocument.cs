using System.Text.Json;
using Metering.Contracts;
using Metering.Gateway.Json;
using Metering.Gateway.Validation;

namespace Metering.Gateway;

/// <summary>A rate card as a JSON document: the body of <c>PUT /v1/rate-cards/{card}</c>, for hosts that bring one along.</summary>
public static class RateCardDocument
{
    /// <summary>Reads a document by the rules of the API.</summary>
    /// <exception cref="FormatException">It is not JSON, or has faults; the message names each by its path.</exception>
    public static RateCardDraft Read(ReadOnlySpan<byte> document)
    {
        var faults = new Faults();
        try
        {
            var json = new JsonCursor(document, faults);
            var draft = RateCardReader.Read(ref json);
            json.End();
            return draft is not null && !faults.Any
                ? draft
                : throw new FormatException(string.Join("; ", faults.All.Select(fault => $"{fault.Path}: {fault.Message}")));
        }
        catch (JsonException broken)
        {
            throw new FormatException(broken.Message, broken);
        }
    }
}
