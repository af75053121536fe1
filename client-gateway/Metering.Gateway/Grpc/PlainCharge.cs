using System.Text;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>
/// Reads a charge that there is nothing unusual about, as there is not about nearly all: straight from its bytes into what its account is asked, without
/// the generated message between, which would be most of what a charge allocates.
/// </summary>
/// <remarks>
/// False is no verdict. It leaves the charge to the generated parser and to <see cref="ChargeMessages.ItemFromWire"/>, which alone say what is wrong with one: so
/// what stands here has to know only what is right, and gives up on the rest: fields it does not know, a message in two pieces, texts that are not ASCII.
/// </remarks>
internal static class PlainCharge
{
    private const long MaxUnits = 999_999_999_999_999_999;
    private const long NanosPerUnit = 1_000_000_000;

    public static bool TryRead(ReadOnlySpan<byte> message, KnownNames names, out BatchItem item)
    {
        item = default;
        var account = (string?)null;
        var id = (string?)null;
        var lines = (ChargeLine[])[];
        var time = (DateTimeOffset?)null;
        var mode = ChargeMode.Enforce;
        var explain = false;
        var producer = (string?)null;
        var sequence = (long?)null;
        var firstSentAgo = TimeSpan.Zero;
        var fields = new MessageReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryTag(out var tag))
            {
                return false;
            }

            switch (tag)
            {
                case WireTags.Account when fields.TryBytes(out var text) && Shape.IsName(text):
                    account = names.Get(text);
                    break;
                case WireTags.Id when fields.TryBytes(out var text) && Shape.IsName(text):
                    id = Encoding.ASCII.GetString(text);
                    break;
                case WireTags.Lines when lines.Length < Limits.MaxLinesPerCharge && fields.TryBytes(out var inner) && TryReadLine(inner, names, out var line):
                    lines = [.. lines, line];
                    break;
                case WireTags.Time when time is null && fields.TryBytes(out var inner) && TryReadPair(inner, out var seconds, out var nanos)
                    && WireValues.TryInstant(seconds, nanos, out var instant):
                    time = instant;
                    break;
                case WireTags.Mode when fields.TryVarint(out var number) && TryMode(number, out mode):
                    break;
                case WireTags.Explain when fields.TryVarint(out var flag):
                    explain = flag != 0;
                    break;
                case WireTags.Producer when fields.TryBytes(out var text) && Shape.IsName(text, ChargeRequest.MaxProducerLength):
                    producer = names.Get(text);
                    break;
                case WireTags.ProducerSequence when fields.TryNumber(out var number):
                    sequence = number;
                    break;
                case WireTags.FirstSentMillisecondsAgo when fields.TryNumber(out var number) && number is >= 0 and <= Limits.MaxFirstSentMillisecondsAgo:
                    firstSentAgo = TimeSpan.FromMilliseconds(number);
                    break;
                default:
                    return false;
            }
        }

        var isNamed = producer is null && sequence is null && id is not null;
        var isNumbered = producer is not null && sequence is >= 1 and <= Limits.MaxProducerSequence && id is null;
        if (account is null || lines.Length == 0 || !(isNamed || isNumbered))
        {
            return false;
        }

        var charge = new ChargeRequest
        {
            Id = id ?? ChargeRequest.ProducerId(producer!, sequence!.Value),
            Lines = lines,
            Time = time,
            Mode = mode,
            Explain = explain,
            Producer = producer,
            ProducerSequence = sequence ?? 0,
            FirstSentAgo = firstSentAgo,
        };
        item = new BatchItem(account, charge, null);
        return true;
    }

    private static bool TryReadLine(ReadOnlySpan<byte> message, KnownNames names, out ChargeLine line)
    {
        line = null!;
        var meter = (string?)null;
        var quantity = (decimal?)null;
        var dimensions = (Dictionary<string, string>?)null;
        var fields = new MessageReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryTag(out var tag))
            {
                return false;
            }

            switch (tag)
            {
                case WireTags.Meter when fields.TryBytes(out var text) && Shape.IsName(text):
                    meter = names.Get(text);
                    break;
                case WireTags.Quantity when quantity is null && fields.TryBytes(out var inner) && TryReadPair(inner, out var units, out var nanos)
                    && units is >= 0 and <= MaxUnits && nanos is >= 0 and < NanosPerUnit:
                    quantity = WireValues.Join(units, (int)nanos);
                    break;
                case WireTags.Dimensions when fields.TryBytes(out var inner) && TryReadDimension(inner, names, out var name, out var value):
                    dimensions ??= new Dictionary<string, string>(StringComparer.Ordinal);
                    dimensions[name] = value;
                    break;
                default:
                    return false;
            }
        }

        if (meter is null || quantity is null || dimensions?.Count > Limits.MaxDimensions)
        {
            return false;
        }

        line = dimensions is null
            ? new ChargeLine { Meter = meter, Quantity = quantity.Value }
            : new ChargeLine { Meter = meter, Quantity = quantity.Value, Dimensions = dimensions };
        return true;
    }

    private static bool TryReadDimension(ReadOnlySpan<byte> message, KnownNames names, out string name, out string value)
    {
        value = null!;
        name = null!;
        var fields = new MessageReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryTag(out var tag) || !fields.TryBytes(out var text))
            {
                return false;
            }

            switch (tag)
            {
                case WireTags.Key when Shape.IsName(text, Limits.MaxDimensionNameLength):
                    name = names.Get(text);
                    break;
                case WireTags.Value when text.Length <= Limits.MaxDimensionValueLength && Ascii.IsValid(text):
                    value = names.Get(text);
                    break;
                default:
                    return false;
            }
        }

        return name is not null && value is not null;
    }

    /// <summary>The two numbers of a <c>Decimal</c> or a <c>Timestamp</c>.</summary>
    private static bool TryReadPair(ReadOnlySpan<byte> message, out long whole, out long nanos)
    {
        (whole, nanos) = (0, 0);
        var fields = new MessageReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryTag(out var tag) || !fields.TryNumber(out var number))
            {
                return false;
            }

            switch (tag)
            {
                case WireTags.Units:
                    whole = number;
                    break;
                case WireTags.Nanos:
                    nanos = number;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static bool TryMode(ulong number, out ChargeMode mode)
    {
        mode = number == (ulong)V1.ChargeMode.UpTo ? ChargeMode.UpTo : number == (ulong)V1.ChargeMode.Record ? ChargeMode.Record : ChargeMode.Enforce;
        return number <= (ulong)V1.ChargeMode.Record;
    }
}
