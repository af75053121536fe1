using System.Text;

namespace Metering.LoadTest.Run;

/// <summary>
/// Charges as messages of metering.v1, put together from bytes made once: a message of the generated classes would cost the client
/// about as much as the server, on a machine that both share. The field numbers are those of metering.proto.
/// </summary>
internal sealed class ProtoCharges : IChargeFormat
{
    private const byte AccountTag = 0x0A;
    private const byte IdTag = 0x12;
    private const byte LinesTag = 0x1A;
    private const byte FirstSentTag = 0x48;
    private const byte CorrelationTag = 0x08;

    private readonly ChargeText _text;
    private readonly CallKind _kind;
    private readonly byte[][] _usages;
    private readonly byte _chargeTag;

    /// <param name="text">Names and ids.</param>
    /// <param name="pattern">What the charges report.</param>
    /// <param name="kind">One of the gRPC kinds.</param>
    public ProtoCharges(ChargeText text, UsagePattern pattern, CallKind kind)
    {
        _text = text;
        _kind = kind;
        _usages = [.. pattern.Usages.Select(Lines)];

        // ChargeManyRequest.charges is field 1; in a ChargeBatch the correlation stands there, and charges is field 2.
        _chargeTag = kind == CallKind.Stream ? (byte)0x12 : (byte)0x0A;
    }

    public void Write(ChargeCall call)
    {
        var to = call.Payload;
        to.Clear();
        if (_kind == CallKind.Stream)
        {
            to.WriteByte(CorrelationTag);
            to.WriteVarint((ulong)call.Number);
        }

        var firstSent = FirstSent(call.FirstSentMillisecondsAgo);
        foreach (var charge in call.Charges)
        {
            var lines = _usages[charge.Usage];
            if (_kind != CallKind.Unary)
            {
                to.WriteByte(_chargeTag);
                to.WriteVarint((ulong)(2 + _text.AccountLength + 2 + _text.IdLength + lines.Length + firstSent.Length));
            }

            to.WriteByte(AccountTag);
            to.WriteByte((byte)_text.AccountLength);
            _text.WriteAccount(to, charge.Account);
            to.WriteByte(IdTag);
            to.WriteByte((byte)_text.IdLength);
            _text.WriteId(to, charge.Number);
            to.Write(lines);
            to.Write(firstSent);
        }
    }

    public void Read(ReadOnlySpan<byte> answer, Span<Outcome> outcomes)
    {
        if (_kind == CallKind.Unary)
        {
            outcomes[0] = ReadReply(answer);
            return;
        }

        var reader = new ProtoReader(answer);
        var read = 0;
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            if (field == ResultsField)
            {
                if (read == outcomes.Length)
                {
                    throw new LoadException($"The server sent more than {read} results for {read} charges.");
                }

                outcomes[read++] = ReadResult(reader.ReadBytes());
            }
            else if (field == RefusalField && _kind == CallKind.Stream)
            {
                outcomes.Fill(ReadRefusal(reader.ReadBytes()));
                return;
            }
            else
            {
                reader.Skip();
            }
        }

        if (read != outcomes.Length)
        {
            throw new LoadException($"The server sent {read} results for {outcomes.Length} charges.");
        }
    }

    /// <summary>Of a ChargeBatchReply: which batch it answers; null when the gateway asks for an end.</summary>
    public static long? CorrelationOf(ReadOnlySpan<byte> answer)
    {
        var (correlation, ending) = (0L, false);
        var reader = new ProtoReader(answer);
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            switch (field)
            {
                case 1:
                    return (long)reader.ReadVarint();
                case 4:
                    ending = reader.ReadVarint() != 0;
                    break;
                case 2 or 3:

                    // Fields come in order: past the place of the correlation it was 0, which is not written.
                    return correlation;
                default:
                    reader.Skip();
                    break;
            }
        }

        return ending ? null : correlation;
    }

    private int ResultsField => _kind == CallKind.Stream ? 2 : 1;

    private static int RefusalField => 3;

    private static Outcome ReadResult(ReadOnlySpan<byte> result)
    {
        var reader = new ProtoReader(result);
        return reader.NextField() switch
        {
            1 => ReadReply(reader.ReadBytes()),
            2 => ReadRefusal(reader.ReadBytes()),
            var field => throw new LoadException($"The server sent a result with the unknown field {field}."),
        };
    }

    private static Outcome ReadReply(ReadOnlySpan<byte> reply)
    {
        var (credits, replayed) = (0L, false);
        var reader = new ProtoReader(reply);
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            switch (field)
            {
                case 2:
                    credits = reader.ReadNanos();
                    break;
                case 7:
                    replayed = reader.ReadVarint() != 0;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return Outcome.Charged(credits, replayed);
    }

    private static Outcome ReadRefusal(ReadOnlySpan<byte> refusal)
    {
        var reader = new ProtoReader(refusal);
        for (var field = reader.NextField(); field != 0; field = reader.NextField())
        {
            if (field == 1)
            {
                return Outcome.Refused(reader.ReadText());
            }

            reader.Skip();
        }

        throw new LoadException("The server refused without a code.");
    }

    /// <summary>The lines of a charge: everything that does not differ from one charge of this usage to the next.</summary>
    private static byte[] Lines(Usage usage)
    {
        var to = new ByteBuffer();
        foreach (var line in usage.Lines)
        {
            var message = new ByteBuffer();
            WriteText(message, 0x0A, line.Meter);
            var quantity = new ByteBuffer();
            quantity.WriteByte(0x08);
            quantity.WriteVarint((ulong)line.Quantity);
            WriteBytes(message, 0x12, quantity.Written);
            foreach (var (name, value) in line.Dimensions)
            {
                var pair = new ByteBuffer();
                WriteText(pair, 0x0A, name);
                WriteText(pair, 0x12, value);
                WriteBytes(message, 0x1A, pair.Written);
            }

            WriteBytes(to, LinesTag, message.Written);
        }

        return to.Written.ToArray();
    }

    private static ReadOnlySpan<byte> FirstSent(long millisecondsAgo)
    {
        if (millisecondsAgo == 0)
        {
            return [];
        }

        var to = new ByteBuffer();
        to.WriteByte(FirstSentTag);
        to.WriteVarint((ulong)millisecondsAgo);
        return to.Written;
    }

    private static void WriteText(ByteBuffer to, byte tag, string text) => WriteBytes(to, tag, Encoding.UTF8.GetBytes(text));

    private static void WriteBytes(ByteBuffer to, byte tag, ReadOnlySpan<byte> bytes)
    {
        to.WriteByte(tag);
        to.WriteVarint((ulong)bytes.Length);
        to.Write(bytes);
    }
}
