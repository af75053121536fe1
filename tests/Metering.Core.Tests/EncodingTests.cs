using Metering.Core.Encoding;

namespace Metering.Core.Tests;

public sealed class EncodingTests
{
    [Fact]
    public void An_amount_of_any_size_is_read_as_it_was_written()
    {
        var writer = new ByteWriter();
        foreach (var amount in Amounts())
        {
            writer.Clear();
            writer.Amount(amount);
            var reader = new ByteReader(writer.Written);
            Assert.Equal(amount, reader.Credits());
            Assert.True(reader.AtEnd, $"{amount} was not read to its end.");
        }
    }

    [Fact]
    public void An_amount_that_ends_too_early_or_never_is_damage()
    {
        var writer = new ByteWriter();
        foreach (var amount in Amounts())
        {
            writer.Clear();
            writer.Amount(amount);
            Assert.Throws<FormatException>(() => new ByteReader(writer.Written[..^1]).Credits());
        }

        Assert.Throws<FormatException>(() => new ByteReader(Enumerable.Repeat((byte)0x80, 40).ToArray()).Credits());
    }

    /// <summary>Around each power of two that fits, on both sides of zero.</summary>
    private static IEnumerable<Credits> Amounts()
    {
        for (var power = 0; power <= 91; power++)
        {
            for (var beside = -1; beside <= 1; beside++)
            {
                var nanos = (Int128.One << power) + beside;
                yield return Credits.FromNanos(nanos);
                yield return Credits.FromNanos(-nanos);
            }
        }
    }
}
