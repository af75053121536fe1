using System.Globalization;
using System.Text;
using CsCheck;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Tests.Wire;

public sealed class DecimalTextTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("13", "13")]
    [InlineData("13.0", "13")]
    [InlineData("-13.50", "-13.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1E+3", "1000")]
    [InlineData("12.5e-1", "1.25")]
    [InlineData("0e999999999999999999999", "0")]
    [InlineData("0.000000001", "0.000000001")]
    [InlineData("0.0000000010000000000000000000000000000000", "0.000000001")]
    [InlineData("1000000000000000000e-9", "1000000000")]
    [InlineData("0.000000000000000001e17", "0.1")]
    [InlineData("999999999999999999.999999999", "999999999999999999.999999999")]
    public void An_amount_is_read_exactly_and_written_plainly(string text, string plain)
    {
        Assert.Equal(DecimalFault.None, DecimalText.TryParse(Encoding.UTF8.GetBytes(text), out var value));
        Assert.Equal(plain, DecimalText.Format(value));
    }

    [Theory]
    [InlineData("", "BadFormat")]
    [InlineData("-", "BadFormat")]
    [InlineData("+1", "BadFormat")]
    [InlineData(" 1", "BadFormat")]
    [InlineData("1 ", "BadFormat")]
    [InlineData(".5", "BadFormat")]
    [InlineData("5.", "BadFormat")]
    [InlineData("007", "BadFormat")]
    [InlineData("-01", "BadFormat")]
    [InlineData("1e", "BadFormat")]
    [InlineData("1e+", "BadFormat")]
    [InlineData("1.2.3", "BadFormat")]
    [InlineData("0x10", "BadFormat")]
    [InlineData("1,000", "BadFormat")]
    [InlineData("NaN", "BadFormat")]
    [InlineData("Infinity", "BadFormat")]
    [InlineData("١", "BadFormat")]
    [InlineData("1e40", "OutOfRange")]
    [InlineData("1000000000000000000", "OutOfRange")]
    [InlineData("-1e99999999999999999999999", "OutOfRange")]
    [InlineData("999999999999999999.9999999991", "TooPrecise")]
    [InlineData("0.0000000001", "TooPrecise")]
    [InlineData("1e-10", "TooPrecise")]
    [InlineData("1e-99999999999999999999999", "TooPrecise")]
    public void What_is_no_amount_is_told_why(string text, string fault) =>
        Assert.Equal(fault, DecimalText.TryParse(Encoding.UTF8.GetBytes(text), out _).ToString());

    [Fact]
    public void Every_amount_survives_being_written_and_read() =>
        Gen.Select(Gen.Long[-999_999_999_999_999_999, 999_999_999_999_999_999], Gen.Int[0, 999_999_999])
            .Sample((units, nanos) =>
            {
                var amount = units + ((units < 0 ? -nanos : nanos) / 1_000_000_000m);
                Assert.Equal(DecimalFault.None, DecimalText.TryParse(Encoding.UTF8.GetBytes(DecimalText.Format(amount)), out var read));
                Assert.Equal(amount, read);
            });

    [Fact]
    public void Amounts_with_trailing_zeros_are_written_without_them()
    {
        Assert.Equal("0", DecimalText.Format(-0.000m));
        Assert.Equal("100", DecimalText.Format(100m));
        Assert.Equal("100", DecimalText.Format(decimal.Parse("100.000000000", CultureInfo.InvariantCulture)));
        Assert.Equal("-0.01", DecimalText.Format(-0.0100m));
    }
}
