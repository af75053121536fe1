using System.Buffers;
using CsCheck;
using Google.Protobuf;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Grpc;
using Metering.Gateway.Routing;
using Metering.Gateway.Tests.Hosting;
using Metering.Gateway.Wire;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>The batches are read and written by hand. What they mean is for the generated code to say.</summary>
public sealed class BatchMessagesTests
{
    private const int UnknownField = 99;

    [Fact]
    public void Whatever_a_stream_brings_is_read_as_the_generated_code_reads_it() => Gen.Int.Sample(
        seed => ReadsTheSame(
            new AnyBatch(new Random(seed)).Next(chargesField: V1.ChargeBatch.ChargesFieldNumber, correlationField: V1.ChargeBatch.CorrelationFieldNumber),
            static context => BatchRequest.ReadBatch(context, Room()),
            static bytes => BatchRequest.From(V1.ChargeBatch.Parser.ParseFrom(bytes))),
        iter: 20_000);

    [Fact]
    public void Whatever_ChargeMany_brings_is_read_as_the_generated_code_reads_it() => Gen.Int.Sample(
        seed => ReadsTheSame(
            new AnyBatch(new Random(seed)).Next(chargesField: V1.ChargeManyRequest.ChargesFieldNumber, correlationField: UnknownField),
            static context => BatchRequest.ReadMany(context, Room()),
            static bytes => BatchRequest.From(V1.ChargeManyRequest.Parser.ParseFrom(bytes))),
        iter: 20_000);

    [Fact]
    public void Most_of_what_callers_send_never_becomes_a_generated_message()
    {
        var names = new KnownNames();
        foreach (var charge in OrdinaryCharges())
        {
            Assert.True(PlainCharge.TryRead(charge.ToByteArray(), names, out var item), $"{charge} is not unusual.");
            Assert.Equal(Describe(ChargeMessages.ItemFromWire(charge)), Describe(item));
        }
    }

    [Fact]
    public void A_batch_has_10_000_charges_and_one_more_refuses_it()
    {
        var batch = new V1.ChargeBatch { Correlation = 7 };
        batch.Charges.AddRange(Enumerable.Repeat(OrdinaryCharges()[0], 10_000));
        var read = BatchRequest.ReadBatch(new Payload(batch.ToByteArray()), Room());
        Assert.Null(read.Refusal);
        Assert.Equal(10_000, read.Items.Length);

        batch.Charges.Add(OrdinaryCharges()[0]);
        read = BatchRequest.ReadBatch(new Payload(batch.ToByteArray()), Room());
        Assert.Equal(7, read.Correlation);
        Assert.Equal("charges", Assert.Single(read.Refusal!.Errors).Path);
    }

    [Fact]
    public void A_known_name_is_one_string_for_all_its_charges()
    {
        var batch = new V1.ChargeBatch();
        batch.Charges.AddRange(Enumerable.Repeat(OrdinaryCharges()[0], 2));
        var read = BatchRequest.ReadBatch(new Payload(batch.ToByteArray()), Room());
        Assert.Same(read.Items[0].Account, read.Items[1].Account);
        Assert.Same(read.Items[0].Charge!.Lines[0].Meter, read.Items[1].Charge!.Lines[0].Meter);
    }

    [Fact]
    public void Replies_are_the_bytes_that_the_generated_code_writes() => Gen.Int.Sample(
        seed =>
        {
            var random = new Random(seed);
            var reply = new BatchReply
            {
                Correlation = random.Next(3) switch { 0 => 0, 1 => random.NextInt64(), _ => -random.NextInt64() },
                Results = [.. Enumerable.Range(0, random.Next(4)).Select(_ => AnyAnswer(random))],
                Refusal = random.Next(10) == 0 ? AnyRefusal(random) : null,
                Ending = random.Next(10) == 0,
            };
            var batch = new V1.ChargeBatchReply
            {
                Correlation = reply.Correlation,
                Refusal = reply.Refusal is null ? null : Refusals.ToWire(reply.Refusal),
                Ending = reply.Ending,
            };
            batch.Results.AddRange(reply.Results.Select(Result));
            Assert.Equal(batch.ToByteArray(), Written(reply, BatchReply.WriteBatch));

            var many = new V1.ChargeManyReply();
            many.Results.AddRange(reply.Results.Select(Result));
            Assert.Equal(many.ToByteArray(), Written(reply, BatchReply.WriteMany));
        },
        iter: 5_000);

    [Fact]
    public void An_amount_is_split_for_the_wire_as_arithmetic_splits_it() => Gen.Decimal.Select(Gen.Int[0, 20]).Sample((value, scale) =>
    {
        var amount = decimal.Round(value, scale) % 1_000_000_000_000_000_000m;
        var units = decimal.Truncate(amount);
        Assert.Equal(((long)units, (int)((amount - units) * 1_000_000_000m)), WireValues.Split(amount));
        if (amount >= 0m)
        {
            var (whole, nanos) = WireValues.Split(amount);
            Assert.Equal(whole + (nanos / 1_000_000_000m), WireValues.Join(whole, nanos));
        }
    });

    private static ChargesInWork Room() => new(Options.Create(new GatewayOptions()));

    private static void ReadsTheSame(byte[] bytes, Func<DeserializationContext, BatchRequest> read, Func<byte[], BatchRequest> generated)
    {
        var expected = Outcome(() => Describe(generated(bytes)));
        Assert.Equal(expected, Outcome(() => Describe(read(new Payload(bytes)))));
        Assert.Equal(expected, Outcome(() => Describe(read(new Payload(bytes, segment: 5)))));
    }

    private static string Outcome(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidProtocolBufferException)
        {
            return "not a message";
        }
    }

    private static V1.ChargeRequest[] OrdinaryCharges() =>
    [
        new() { Account = "acme", Id = "req-1", Lines = { new V1.ChargeLine { Meter = "llm.tokens", Quantity = new V1.Decimal { Units = 1_200 } } } },
        new()
        {
            Account = "acme",
            Id = "req-2",
            Mode = V1.ChargeMode.UpTo,
            Explain = true,
            Time = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(Samples.At),
            Lines =
            {
                new V1.ChargeLine { Meter = "egress", Quantity = new V1.Decimal { Nanos = 1 }, Dimensions = { ["team"] = "search", ["note"] = "two words" } },
                new V1.ChargeLine { Meter = "llm.tokens", Quantity = new V1.Decimal { Units = 999_999_999_999_999_999, Nanos = 999_999_999 } },
            },
        },
        new()
        {
            Account = "acme",
            Producer = "meter-7",
            ProducerSequence = 12,
            Mode = V1.ChargeMode.Record,
            Lines = { new V1.ChargeLine { Meter = "llm.tokens", Quantity = new V1.Decimal() } },
        },
    ];

    private static Answer<ChargeReply> AnyAnswer(Random random) => random.Next(5) == 0 ? AnyRefusal(random) : AnyReply(random);

    private static Refusal AnyRefusal(Random random) => new()
    {
        Code = Code.InsufficientCredits,
        Detail = new string('d', random.Next(300)),
        Required = AnyAmount(random),
        RetryAfter = random.Next(2) == 0 ? TimeSpan.FromMilliseconds(random.Next(5_000)) : null,
    };

    private static ChargeReply AnyReply(Random random) => new()
    {
        Id = random.Next(20) == 0 ? new string('é', random.Next(200)) : new string('i', random.Next(129)),
        Credits = AnyAmount(random),
        Uncovered = random.Next(5) == 0 ? AnyAmount(random) : 0m,
        Balance = AnyAmount(random),
        Available = AnyAmount(random),
        Sequence = random.NextInt64() >> random.Next(64),
        Replayed = random.Next(2) == 0,
        Violations = random.Next(10) == 0 ? [Code.RateLimited] : [],
        Explanation = random.Next(5) switch { 0 => Samples.Explanation, 1 => [], _ => null },
        Burned = random.Next(10) == 0 ? [new GrantBurn("plan", AnyAmount(random))] : null,
        Crossed = random.Next(10) == 0 ? [new CrossedThreshold("team", 80)] : [],
    };

    private static decimal AnyAmount(Random random)
    {
        var nanos = (Int128)(random.NextInt64() >> random.Next(64)) * (random.Next(3) == 0 ? 100_000_000 : 1);
        var amount = (decimal)nanos / 1_000_000_000m;
        return random.Next(3) == 0 ? -amount : amount;
    }

    private static V1.ChargeResult Result(Answer<ChargeReply> answer) => answer.Reply is { } reply
        ? new V1.ChargeResult { Reply = ChargeMessages.ToWire(reply) }
        : new V1.ChargeResult { Refusal = Refusals.ToWire(answer.Refusal!) };

    private static byte[] Written(BatchReply reply, Action<BatchReply, SerializationContext> write)
    {
        var into = new Output();
        write(reply, into);
        return into.Bytes;
    }

    private static string Describe(BatchRequest batch) =>
        $"{batch.Correlation} {Describe(batch.Refusal)} [{string.Join(';', batch.Items.Select(Describe))}]";

    private static string Describe(BatchItem item) => $"{item.Account}: {Describe(item.Refusal)} {(item.Charge is { } charge ? Describe(charge) : "")}";

    private static string Describe(ChargeRequest charge) =>
        $"{charge.Id} {charge.Time:O} {charge.Mode} {charge.Explain} {charge.Producer ?? "-"} {charge.ProducerSequence} {charge.FirstSentAgo} {string.Join(',', charge.Lines.Select(Describe))}";

    private static string Describe(ChargeLine line) =>
        $"{line.Meter} {DecimalText.Format(line.Quantity)} {{{string.Join(',', line.Dimensions.OrderBy(pair => pair.Key, StringComparer.Ordinal))}}}";

    private static string Describe(Refusal? refusal) =>
        refusal is null ? "" : $"{refusal.Code} {refusal.Detail} {string.Join(',', refusal.Errors)}";

    /// <summary>A message as it arrives: in one piece, or in pieces of so many bytes.</summary>
    private sealed class Payload(byte[] bytes, int? segment = null) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override byte[] PayloadAsNewBuffer() => [.. bytes];

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence()
        {
            if (segment is not { } length || bytes.Length <= length)
            {
                return new ReadOnlySequence<byte>(bytes);
            }

            var first = new Piece(bytes.AsMemory(0, length), runningIndex: 0);
            var last = first;
            for (var at = length; at < bytes.Length; at += length)
            {
                last = last.Append(bytes.AsMemory(at, Math.Min(length, bytes.Length - at)));
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Piece Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Piece(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    private sealed class Output : SerializationContext
    {
        private readonly ArrayBufferWriter<byte> _writer = new();
        private int? _length;

        public byte[] Bytes { get; private set; } = [];

        public override void SetPayloadLength(int payloadLength) => _length = payloadLength;

        public override IBufferWriter<byte> GetBufferWriter() => _writer;

        public override void Complete()
        {
            Assert.Equal(_length, _writer.WrittenCount);
            Bytes = _writer.WrittenSpan.ToArray();
        }

        public override void Complete(byte[] payload) => Bytes = payload;
    }
}
