using System.Buffers;
using Google.Protobuf.Collections;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>A batch of charges as it came: of <c>ChargeMany</c>, or one of a <c>ChargeStream</c>.</summary>
/// <param name="Correlation">The caller's, in a stream; 0 elsewhere.</param>
/// <param name="Items">Its charges, in order.</param>
/// <param name="Refusal">Why the batch is refused as a whole; then it has no items.</param>
internal sealed record BatchRequest(long Correlation, BatchItem[] Items, Refusal? Refusal)
{
    private const byte None = 0;

    private static readonly KnownNames Names = new();

    /// <summary>Reads a <c>ChargeBatch</c>.</summary>
    /// <exception cref="Google.Protobuf.InvalidProtocolBufferException">The bytes are none.</exception>
    public static BatchRequest ReadBatch(DeserializationContext context, ChargesInWork inWork) => Read(
        context.PayloadAsReadOnlySequence(),
        inWork,
        WireTags.Correlation,
        WireTags.BatchCharges,
        static bytes => From(V1.ChargeBatch.Parser.ParseFrom(bytes)));

    /// <summary>Reads a <c>ChargeManyRequest</c>.</summary>
    /// <exception cref="Google.Protobuf.InvalidProtocolBufferException">The bytes are none.</exception>
    public static BatchRequest ReadMany(DeserializationContext context, ChargesInWork inWork) => Read(
        context.PayloadAsReadOnlySequence(),
        inWork,
        None,
        WireTags.ManyCharges,
        static bytes => From(V1.ChargeManyRequest.Parser.ParseFrom(bytes)));

    /// <summary>Reads whatever a <c>ChargeBatch</c> may hold, from the generated message.</summary>
    internal static BatchRequest From(V1.ChargeBatch wire) => From(wire.Correlation, wire.Charges);

    /// <summary>Reads whatever a <c>ChargeManyRequest</c> may hold, from the generated message.</summary>
    internal static BatchRequest From(V1.ChargeManyRequest wire) => From(correlation: 0, wire.Charges);

    /// <param name="message">The batch.</param>
    /// <param name="inWork">What else is in work: a batch there is no room for is refused and its charges are not read, so that a refusal costs next to nothing.</param>
    /// <param name="correlationTag">Its field with the correlation; <see cref="None"/> when it has no such field.</param>
    /// <param name="chargesTag">Its field with a charge.</param>
    /// <param name="parse">Reads whatever a batch may hold.</param>
    private static BatchRequest Read(
        ReadOnlySequence<byte> message, ChargesInWork inWork, byte correlationTag, byte chargesTag, Func<ReadOnlySequence<byte>, BatchRequest> parse)
    {
        if (message.IsSingleSegment)
        {
            return TryRead(message.FirstSpan, inWork, correlationTag, chargesTag) ?? parse(message);
        }

        var length = (int)message.Length;
        var rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            message.CopyTo(rented);
            return TryRead(rented.AsSpan(0, length), inWork, correlationTag, chargesTag) ?? parse(message);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Null when anything about the batch itself is unusual. An unusual charge in it is no matter.</summary>
    private static BatchRequest? TryRead(ReadOnlySpan<byte> message, ChargesInWork inWork, byte correlationTag, byte chargesTag)
    {
        if (!TryCount(message, correlationTag, chargesTag, out var count, out var correlation) || count > Limits.MaxChargesPerBatch)
        {
            return null;
        }

        if (!inWork.HasRoomFor(count))
        {
            return new BatchRequest(correlation, [], ChargesInWork.Overloaded);
        }

        var items = new BatchItem[count];
        var next = 0;
        var fields = new MessageReader(message);
        while (fields.TryTag(out var tag))
        {
            if (tag == chargesTag)
            {
                fields.TryBytes(out var charge);
                if (!PlainCharge.TryRead(charge, Names, out items[next]))
                {
                    items[next] = ChargeMessages.ItemFromWire(V1.ChargeRequest.Parser.ParseFrom(charge));
                }

                next++;
            }
            else
            {
                fields.TryNumber(out _);
            }
        }

        return new BatchRequest(correlation, items, null);
    }

    /// <summary>How many charges there are; false when there is anything but charges and a correlation.</summary>
    private static bool TryCount(ReadOnlySpan<byte> message, byte correlationTag, byte chargesTag, out int count, out long correlation)
    {
        (count, correlation) = (0, 0);
        var fields = new MessageReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryTag(out var tag)
                || !(tag == chargesTag ? fields.TryBytes(out _) : tag == correlationTag && fields.TryNumber(out correlation)))
            {
                return false;
            }

            count += tag == chargesTag ? 1 : 0;
        }

        return true;
    }

    private static BatchRequest From(long correlation, RepeatedField<V1.ChargeRequest> charges)
    {
        var faults = new Faults();
        Shape.Count(faults, "charges", charges.Count, 0, Limits.MaxChargesPerBatch);
        return faults.Any
            ? new BatchRequest(correlation, [], faults.ToRefusal())
            : new BatchRequest(correlation, [.. charges.Select(ChargeMessages.ItemFromWire)], null);
    }
}
