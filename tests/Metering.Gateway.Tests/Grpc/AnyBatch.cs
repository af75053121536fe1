using Google.Protobuf;

namespace Metering.Gateway.Tests.Grpc;

/// <summary>
/// Bytes that claim to be a batch of charges: mostly of charges as callers send them, and mixed with everything that a wire may bring: fields in any order and
/// again, messages in pieces, unknown fields, wrong types, texts in any script, numbers of any length, and bytes that are simply broken.
/// </summary>
internal sealed class AnyBatch(Random random)
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Bytes = 2;
    private const int StartGroup = 3;
    private const int EndGroup = 4;
    private const int Fixed32 = 5;

    private static readonly string[] Names =
        ["acme", "bench-0000001", "llm.tokens", "a", "A_b.c:d-9", new string('n', 64), new string('n', 100), new string('n', 128)];

    private static readonly string[] OtherTexts =
        ["", "two words", "é", "名前", "\0", "a\n", new string('n', 65), new string('n', 129), new string('v', 256), new string('v', 257), "𝄞"];

    /// <param name="chargesField">The number of the field with a charge.</param>
    /// <param name="correlationField">The number of the field with the correlation, or of one that is not known.</param>
    public byte[] Next(int chargesField, int correlationField)
    {
        var bytes = Message(random.Next(4), output =>
        {
            if (Chance(20))
            {
                Number(output, correlationField, random.NextInt64(long.MinValue, long.MaxValue));
            }
            else if (Chance(3))
            {
                Unknown(output);
            }
            else
            {
                Text(output, chargesField, Charge());
            }
        });
        if (Chance(10))
        {
            bytes = bytes[..random.Next(bytes.Length + 1)];
        }

        if (Chance(10) && bytes.Length > 0)
        {
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        }

        return bytes;
    }

    private byte[] Charge()
    {
        if (Chance(60))
        {
            // As a caller sends it.
            return Message(1, output =>
            {
                Text(output, 1, Name());
                if (Chance(80))
                {
                    Text(output, 2, Name());
                }
                else
                {
                    Text(output, 7, Name());
                    Number(output, 8, random.NextInt64(1, 1L << 62));
                }

                for (var lines = random.Next(1, 4); lines > 0; lines--)
                {
                    Text(output, 3, Line());
                }

                if (Chance(20))
                {
                    Text(output, 4, Pair(random.NextInt64(0, 4_000_000_000), random.Next(1_000_000_000)));
                }

                Number(output, 5, random.Next(4));
                if (Chance(20))
                {
                    Number(output, 9, random.NextInt64(0, 100_000));
                }
            });
        }

        return Message(random.Next(9), output =>
        {
            switch (random.Next(11))
            {
                case 0: Text(output, 1, AnyText()); break;
                case 1: Text(output, 2, AnyText()); break;
                case 2 or 3:
                    for (var lines = Chance(3) ? 34 : 1; lines > 0; lines--)
                    {
                        Text(output, 3, Line());
                    }

                    break;
                case 4: Text(output, 4, AnyPair()); break;
                case 5: Number(output, 5, Chance(80) ? random.Next(6) : random.NextInt64(long.MinValue, long.MaxValue)); break;
                case 6: Number(output, 6, random.Next(3)); break;
                case 7: Text(output, 7, AnyText()); break;
                case 8: Number(output, 8, Chance(50) ? random.Next(-2, 3) : random.NextInt64(long.MinValue, long.MaxValue)); break;
                case 9: Number(output, 9, Chance(50) ? random.Next(-2, 3) : Chance(50) ? 31_536_000_000 + random.Next(-2, 3) : random.NextInt64(long.MinValue, long.MaxValue)); break;
                default: Unknown(output); break;
            }
        });
    }

    private byte[] Line()
    {
        if (Chance(60))
        {
            return Message(1, output =>
            {
                Text(output, 1, Name());
                Text(output, 2, Pair(random.NextInt64(0, 2_000), Chance(50) ? 0 : random.Next(1_000_000_000)));
                for (var dimensions = random.Next(3); dimensions > 0; dimensions--)
                {
                    Text(output, 3, Message(1, entry =>
                    {
                        Text(entry, 1, Name());
                        Text(entry, 2, Name());
                    }));
                }
            });
        }

        return Message(random.Next(7), output =>
        {
            switch (random.Next(6))
            {
                case 0: Text(output, 1, AnyText()); break;
                case 1 or 2: Text(output, 2, AnyPair()); break;
                case 3:
                    for (var dimensions = Chance(5) ? 17 : 1; dimensions > 0; dimensions--)
                    {
                        Text(output, 3, Message(random.Next(4), entry => Text(entry, random.Next(1, 4), Chance(5) ? AnyText() : Utf8($"d{dimensions}"))));
                    }

                    break;
                case 4: Text(output, 3, Message(1, entry => Text(entry, 1, AnyText()))); break;
                default: Unknown(output); break;
            }
        });
    }

    private byte[] AnyPair() => Message(random.Next(4), output =>
    {
        switch (random.Next(8))
        {
            case 0: Unknown(output); break;
            case 1: Number(output, 1, random.NextInt64(long.MinValue, long.MaxValue)); break;
            case 2: Number(output, 2, random.NextInt64(long.MinValue, long.MaxValue)); break;
            case 3: Number(output, 1, random.NextInt64(-2, 3) + (Chance(50) ? 999_999_999_999_999_999 : 253_402_300_799)); break;
            case 4: Number(output, 2, random.NextInt64(-2, 3) + (Chance(50) ? 1_000_000_000 : -1_000_000_000)); break;
            case 5: Number(output, 2, random.Next(1_000_000_000)); break;
            default: Number(output, 1, random.Next(100)); break;
        }
    });

    private static byte[] Pair(long whole, long nanos) => Message(1, output =>
    {
        Number(output, 1, whole);
        Number(output, 2, nanos);
    });

    private void Unknown(CodedOutputStream output)
    {
        var field = Chance(50) ? random.Next(1, 9) : random.Next(9, 3_000);
        switch (random.Next(7))
        {
            case 0: Number(output, field, random.NextInt64(long.MinValue, long.MaxValue)); break;
            case 1: Text(output, field, AnyText()); break;
            case 2: Tag(output, field, Fixed32); output.WriteFixed32(7); break;
            case 3: Tag(output, field, Fixed64); output.WriteFixed64(7); break;
            case 4:
                Tag(output, field, StartGroup);
                Number(output, 1, 5);
                Tag(output, Chance(90) ? field : field + 1, EndGroup);
                break;
            case 5: Tag(output, field, random.Next(8)); break;

            // A number longer than it need be, or than it may be.
            default:
                Tag(output, field, Varint);
                for (var more = random.Next(11); more > 0; more--)
                {
                    output.WriteRawTag(0x80);
                }

                output.WriteRawTag(1);
                break;
        }
    }

    private byte[] Name() => Utf8(Names[random.Next(Names.Length)]);

    private byte[] AnyText() => random.Next(8) switch
    {
        0 => [0xC3],
        1 => [0xED, 0xA0, 0x80],
        2 => [(byte)'a', 0xFF],
        3 or 4 => Utf8(OtherTexts[random.Next(OtherTexts.Length)]),
        _ => Name(),
    };

    private bool Chance(int percent) => random.Next(100) < percent;

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static byte[] Message(int times, Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            for (var i = 0; i < times; i++)
            {
                write(output);
            }
        }

        return bytes.ToArray();
    }

    private static void Tag(CodedOutputStream output, int field, int type) => output.WriteUInt32((uint)((field << 3) | type));

    private static void Number(CodedOutputStream output, int field, long number)
    {
        Tag(output, field, Varint);
        output.WriteInt64(number);
    }

    private static void Text(CodedOutputStream output, int field, byte[] text)
    {
        Tag(output, field, Bytes);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(text));
    }
}
