using CsCheck;

namespace Metering.Core.Tests;

public sealed class CreditsTests
{
    private const decimal Smallest = 0.000000001m;

    // 2⁶³ credits less the smallest amount.
    private static readonly Int128 WireNanos = ((Int128)1_000_000_000 * ((Int128)1 << 63)) - 1;

    [Theory]
    [InlineData("999999999999999999.999999999", true)]
    [InlineData("-999999999999999999.999999999", true)]
    [InlineData("1000000000000000000", false)]
    [InlineData("-1000000000000000000", false)]
    [InlineData("999999999999999999.9999999991", false)]
    [InlineData("0.000000001", true)]
    [InlineData("0.0000000001", false)]
    [InlineData("0.1234567890", true)]
    [InlineData("0.12345678901", false)]
    [InlineData("79228162514264337593543950335", false)]
    public void An_amount_is_taken_within_its_range_and_nine_places(string value, bool taken) =>
        Assert.Equal(taken, Credits.TryFrom(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture), out _));

    [Fact]
    public void A_refused_amount_reads_as_zero_and_throws_when_insisted_upon()
    {
        Assert.False(Credits.TryFrom(0.0000000001m, out var credits));
        Assert.Equal(Credits.Zero, credits);
        Assert.Throws<OverflowException>(() => Credits.From(0.0000000001m));
    }

    [Fact]
    public void Trailing_zeros_make_no_difference()
    {
        Assert.Equal(Credits.From(13m), Credits.From(13.000m));
        Assert.Equal(Credits.From(13m).GetHashCode(), Credits.From(13.000m).GetHashCode());
        Assert.Equal(Credits.From(13m).Nanos, Credits.From(13.0000000000000000m).Nanos);
        Assert.Equal("13.5", Credits.From(13.500m).ToString());
    }

    [Fact]
    public void A_sum_may_leave_the_range_of_an_amount_but_not_of_the_wire()
    {
        var largest = Credits.FromNanos(WireNanos);
        Assert.Equal("9223372036854775807.999999999", largest.ToString());
        Assert.Equal(1_999_999_999_999_999_999.999999998m, (Credits.Max + Credits.Max).Value);
        Assert.False(Credits.Fits((Credits.Max + Credits.From(Smallest)).Value));
        Assert.Equal(largest, largest - Credits.From(Smallest) + Credits.From(Smallest));
        Assert.Throws<OverflowException>(() => largest + Credits.From(Smallest));
        Assert.Throws<OverflowException>(() => -largest - Credits.From(Smallest));
    }

    [Fact]
    public void The_ends_of_the_range_are_their_nanos()
    {
        Assert.Equal(Int128.Parse("999999999999999999999999999", System.Globalization.CultureInfo.InvariantCulture), Credits.Max.Nanos);
        Assert.Equal(Credits.Max, Credits.FromNanos(Credits.Max.Nanos));
        Assert.Equal(-Credits.Max, Credits.FromNanos((-Credits.Max).Nanos));
        Assert.Throws<OverflowException>(() => Credits.FromNanos(WireNanos + 1));
        Assert.Throws<OverflowException>(() => Credits.FromNanos(Int128.MaxValue));
    }

    [Fact]
    public void Any_amount_survives_its_nanos() =>
        Any.Nanos.Sample(nanos => Assert.Equal(nanos, Credits.FromNanos(nanos).Nanos));

    [Fact]
    public void Any_sum_and_difference_is_that_of_the_nanos() =>
        Gen.Select(Any.Nanos, Any.Nanos).Sample((left, right) =>
        {
            var sum = left + right;
            Assert.Equal(sum, (Credits.FromNanos(left) + Credits.FromNanos(right)).Nanos);
            Assert.Equal(left, (Credits.FromNanos(sum) - Credits.FromNanos(right)).Nanos);
        });

    [Fact]
    public void Amounts_are_ordered_by_value()
    {
        var one = Credits.From(1m);
        var more = Credits.From(1.000000001m);
        Assert.True(one < more && more > one && one <= more && more >= one);
        Assert.Equal(one, Credits.Min(one, more));
        Assert.Equal(more, Credits.Larger(one, more));
        Assert.True((-one).IsNegative && one.IsPositive && Credits.Zero.IsZero);
        Assert.Equal(-1, Math.Sign(one.CompareTo(more)));
    }
}
