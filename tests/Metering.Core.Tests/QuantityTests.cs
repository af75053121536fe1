using System.Globalization;
using CsCheck;

namespace Metering.Core.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", true)]
    [InlineData("-0.000000001", false)]
    [InlineData("0.000000001", true)]
    [InlineData("0.0000000001", false)]
    [InlineData("1.5000000000000", true)]
    [InlineData("999999999999999999.999999999", true)]
    [InlineData("1000000000000000000", false)]
    public void A_quantity_is_taken_from_zero_to_the_end_of_its_range(string value, bool taken) =>
        Assert.Equal(taken, Quantity.TryFrom(decimal.Parse(value, CultureInfo.InvariantCulture), out _));

    [Fact]
    public void Trailing_zeros_make_no_difference()
    {
        Assert.Equal(Quantity.From(2m), Quantity.From(2.00m));
        Assert.Equal(Quantity.From(2m).Nanos, Quantity.From(2.000000000000m).Nanos);
        Assert.Equal("2", Quantity.From(2.00m).ToString());
    }

    [Fact]
    public void A_quantity_never_becomes_negative_or_too_large()
    {
        Assert.Equal(Quantity.Zero, Quantity.From(1m) - Quantity.From(1m));
        Assert.Throws<OverflowException>(() => Quantity.From(1m) - Quantity.From(1.000000001m));
        Assert.Throws<OverflowException>(() => Quantity.Max + Quantity.From(0.000000001m));
        Assert.Throws<OverflowException>(() => Quantity.FromNanos(-1));
        Assert.Throws<OverflowException>(() => Quantity.From(-1m));
    }

    [Fact]
    public void Any_quantity_survives_its_nanos() =>
        Any.Nanos.Select(nanos => Int128.Abs(nanos)).Sample(nanos => Assert.Equal(nanos, Quantity.FromNanos(nanos).Nanos));

    [Fact]
    public void Quantities_are_ordered_by_value()
    {
        var one = Quantity.From(1m);
        var more = Quantity.From(1.000000001m);
        Assert.True(one < more && more > one && one <= more && more >= one);
        Assert.Equal(one, Quantity.Min(more, one));
        Assert.True(Quantity.Zero.IsZero);
    }
}
