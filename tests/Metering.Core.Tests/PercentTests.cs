using System.Globalization;

namespace Metering.Core.Tests;

public sealed class PercentTests
{
    [Theory]
    [InlineData("0", true)]
    [InlineData("-0.000000001", false)]
    [InlineData("100", true)]
    [InlineData("100.000000001", false)]
    [InlineData("12.123456789", true)]
    [InlineData("12.1234567891", false)]
    [InlineData("12.50000000000000000000", true)]
    public void A_percentage_is_taken_from_zero_to_a_hundred(string value, bool taken) =>
        Assert.Equal(taken, Percent.TryFrom(decimal.Parse(value, CultureInfo.InvariantCulture), out _));

    [Fact]
    public void What_is_left_of_one_is_exact()
    {
        Assert.Equal(1m, Percent.Zero.Rest);
        Assert.Equal(0m, Percent.From(100m).Rest);
        Assert.Equal(0.87876543211m, Percent.From(12.123456789m).Rest);
    }

    [Fact]
    public void Trailing_zeros_make_no_difference()
    {
        Assert.Equal(Percent.From(10m), Percent.From(10.0m));
        Assert.Equal("10", Percent.From(10.0m).ToString());
        Assert.Throws<OverflowException>(() => Percent.From(101m));
        Assert.True(Percent.From(10m) < Percent.From(10.1m));
    }
}
