using CsCheck;
using Metering.Core.Encoding;

namespace Metering.Core.Tests;

public sealed class LikenessCodingTests
{
    private static readonly Gen<byte[]> Few = Gen.Byte[0, 2].Array[0, 60];

    [Fact]
    public void What_was_written_beside_another_is_read_back_beside_it() =>
        Gen.Select(Few, Few).Sample((other, value) => Assert.Equal(value, ReadBack(other, Written(other, value))));

    [Fact]
    public void What_both_end_with_is_written_as_its_length_all_of_it() =>
        Gen.Select(Few, Few, Few).Sample((other, value, end) =>
        {
            other = [.. other, .. end];
            value = [.. value, .. end];
            var reader = new ByteReader(Written(other, value));

            Assert.Equal(value.Length, LikenessCoding.ReadLength(ref reader, other));
            Assert.Equal(other.Reverse().Zip(value.Reverse()).TakeWhile(static pair => pair.First == pair.Second).LongCount(), (long)reader.Varint());
        });

    [Fact]
    public void Much_alike_is_little_written()
    {
        var other = Enumerable.Range(0, 100).Select(static i => (byte)i).ToArray();
        byte[] changed = [.. other[..20], 200, 201, .. other[22..70], 202, .. other[71..]];
        byte[] grown = [.. other[..20], 200, 201, 202, .. other[22..]];

        Assert.InRange(Written(other, other).Length, 1, 2);
        Assert.InRange(Written(other, changed).Length, 1, 12);
        Assert.InRange(Written(other, grown).Length, 1, 10);
    }

    [Fact]
    public void Damaged_bytes_are_recognised_or_read_as_something_else() =>
        Gen.Select(Few, Few, Gen.Byte.Array[0, 30], Gen.Int[0, 30]).Sample((other, value, noise, at) =>
        {
            var bytes = Written(other, value);
            foreach (var damaged in new[] { noise, bytes[..(at % bytes.Length)], [.. bytes[..(at % bytes.Length)], .. noise] })
            {
                try
                {
                    Assert.InRange(ReadBack(other, damaged).Length, 0, other.Length + damaged.Length);
                }
                catch (FormatException)
                {
                    // What the account is quarantined for.
                }
            }
        });

    private static byte[] Written(byte[] other, byte[] value)
    {
        var writer = new ByteWriter();
        LikenessCoding.Write(writer, other, value);
        return writer.ToArray();
    }

    private static byte[] ReadBack(byte[] other, byte[] written)
    {
        var reader = new ByteReader(written);
        var value = new byte[LikenessCoding.ReadLength(ref reader, other)];
        LikenessCoding.Read(ref reader, other, value);
        return value;
    }
}
