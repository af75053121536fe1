using System.Numerics;
using CsCheck;

namespace Metering.Core.Tests;

public sealed class FixedPointTests
{
    private static readonly Gen<long> Factor = Gen.Frequency((3, Gen.Long[0, 2_000_000_000]), (2, Gen.Long[0, long.MaxValue]), (1, Gen.OneOf(Gen.Const(0L), Gen.Const(1L), Gen.Const(500_000_000L), Gen.Const(1_000_000_000L), Gen.Const(long.MaxValue))));

    [Theory]
    [InlineData("1", 60_000L, 60_000L)]
    [InlineData("0.5", 1L, 0L)]
    [InlineData("1.5", 1L, 2L)]
    [InlineData("2.5", 1L, 2L)]
    [InlineData("0.500000001", 1L, 1L)]
    [InlineData("0.000000001", 500_000_000L, 0L)]
    [InlineData("0.000000003", 500_000_000L, 2L)]
    public void A_product_is_rounded_half_to_even(string quantity, long factor, long product) =>
        Assert.Equal(product, FixedPoint.Multiply(Quantity.From(decimal.Parse(quantity, System.Globalization.CultureInfo.InvariantCulture)).Nanos, (ulong)factor));

    [Fact]
    public void Any_product_is_the_exact_one_rounded_once() =>
        Gen.Select(Any.Nanos.Select(nanos => Int128.Abs(nanos)), Factor).Sample((nanos, factor) =>
        {
            var (whole, rest) = BigInteger.DivRem((BigInteger)nanos * factor, 1_000_000_000);
            var up = rest > 500_000_000 || (rest == 500_000_000 && !whole.IsEven);
            Assert.Equal(up ? whole + 1 : whole, (BigInteger)FixedPoint.Multiply(nanos, (ulong)factor));
        });

    [Fact]
    public void Any_number_of_nanos_is_the_same_as_a_decimal() =>
        Any.Nanos.Sample(nanos => Assert.Equal((decimal)(BigInteger)nanos / 1_000_000_000m, FixedPoint.FromNanos(nanos)));
}
