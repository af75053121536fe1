namespace Metering.Gateway.Grpc;

/// <summary>
/// The fields of those messages that are read and written without their generated code, each by its tag: its number in <c>metering.proto</c> times 8, and
/// how it is written: 0 as a number, 2 as bytes after their length.
/// </summary>
internal static class WireTags
{
    // Decimal, and google.protobuf.Timestamp likewise: seconds, nanos.
    public const byte Units = (1 << 3) | Number;
    public const byte Nanos = (2 << 3) | Number;
    public const byte Seconds = Units;

    // ChargeRequest
    public const byte Account = (1 << 3) | Bytes;
    public const byte Id = (2 << 3) | Bytes;
    public const byte Lines = (3 << 3) | Bytes;
    public const byte Time = (4 << 3) | Bytes;
    public const byte Mode = (5 << 3) | Number;
    public const byte Explain = (6 << 3) | Number;
    public const byte Producer = (7 << 3) | Bytes;
    public const byte ProducerSequence = (8 << 3) | Number;
    public const byte FirstSentMillisecondsAgo = (9 << 3) | Number;

    // ChargeLine, and an entry of its map
    public const byte Meter = (1 << 3) | Bytes;
    public const byte Quantity = (2 << 3) | Bytes;
    public const byte Dimensions = (3 << 3) | Bytes;
    public const byte Key = (1 << 3) | Bytes;
    public const byte Value = (2 << 3) | Bytes;

    // ChargeReply
    public const byte ReplyId = (1 << 3) | Bytes;
    public const byte Credits = (2 << 3) | Bytes;
    public const byte Uncovered = (3 << 3) | Bytes;
    public const byte Balance = (4 << 3) | Bytes;
    public const byte Available = (5 << 3) | Bytes;
    public const byte Sequence = (6 << 3) | Number;
    public const byte Replayed = (7 << 3) | Number;

    // ChargeResult
    public const byte Reply = (1 << 3) | Bytes;
    public const byte RefusalOfCharge = (2 << 3) | Bytes;

    // ChargeBatch, ChargeBatchReply
    public const byte Correlation = (1 << 3) | Number;
    public const byte BatchCharges = (2 << 3) | Bytes;
    public const byte BatchResults = (2 << 3) | Bytes;
    public const byte RefusalOfBatch = (3 << 3) | Bytes;
    public const byte Ending = (4 << 3) | Number;

    // ChargeManyRequest, ChargeManyReply
    public const byte ManyCharges = (1 << 3) | Bytes;
    public const byte ManyResults = (1 << 3) | Bytes;

    private const byte Number = 0;
    private const byte Bytes = 2;
}
