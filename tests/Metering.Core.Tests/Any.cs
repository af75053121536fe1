using CsCheck;

namespace Metering.Core.Tests;

/// <summary>Values of every magnitude, small and round ones more often than chance would have them.</summary>
internal static class Any
{
    private static readonly Int128 MaxNanos = Int128.Parse("999999999999999999999999999", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Within the range of credits, positive or negative.</summary>
    internal static Gen<Int128> Nanos { get; } =
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 89], Gen.Bool).Select((upper, lower, shift, negative) =>
        {
            var magnitude = (Int128)(new UInt128(upper, lower) >> (38 + shift)) % (MaxNanos + 1);
            return negative ? -magnitude : magnitude;
        });
}
