using Google.Protobuf.WellKnownTypes;
using Metering.Contracts;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>The values that messages share, in and out: amounts, instants, enumerations. Faults have the paths of the HTTP API.</summary>
internal static class WireValues
{
    private const int NanosPerUnit = 1_000_000_000;
    private const long MinSeconds = -62_135_596_800;
    private const long MaxSeconds = 253_402_300_799;
    private const int NanosPerTick = 100;
    private const int Decimals = 9;

    private static readonly int[] PowersOfTen = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

    public static V1.Decimal ToWire(this decimal amount)
    {
        var (units, nanos) = Split(amount);
        return new V1.Decimal { Units = units, Nanos = nanos };
    }

    /// <summary>An amount as the wire has it. Digits behind the ninth are cut off.</summary>
    public static (long Units, int Nanos) Split(decimal amount)
    {
        // From the parts of the decimal: nearly every amount is one number of 64 bits and a scale, and its own arithmetic takes ten times as long.
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(amount, parts);
        if (parts[2] != 0 || amount.Scale > Decimals || parts[1] < 0)
        {
            var whole = decimal.Truncate(amount);
            return ((long)whole, (int)((amount - whole) * NanosPerUnit));
        }

        var mantissa = ((long)parts[1] << 32) | unchecked((uint)parts[0]);
        var (units, rest) = Math.DivRem(parts[3] < 0 ? -mantissa : mantissa, PowersOfTen[amount.Scale]);
        return (units, (int)rest * PowersOfTen[Decimals - amount.Scale]);
    }

    /// <summary>The amount that the wire has in two parts, neither of them negative, the nanos below a whole unit.</summary>
    public static decimal Join(long units, int nanos)
    {
        if (nanos == 0)
        {
            return units;
        }

        var total = ((UInt128)units * NanosPerUnit) + (UInt128)nanos;
        var (upper, lower) = ((ulong)(total >> 64), unchecked((ulong)total));
        return unchecked(new decimal((int)lower, (int)(lower >> 32), (int)upper, isNegative: false, Decimals));
    }

    public static V1.Decimal? ToWireIfAny(this decimal? amount) => amount?.ToWire();

    /// <summary>A sum of many amounts, which may have more whole units than the wire has room for.</summary>
    /// <exception cref="global::Grpc.Core.RpcException">It does: refused, and said so.</exception>
    public static V1.Decimal SumToWire(this decimal sum) => decimal.Abs(sum) <= long.MaxValue
        ? sum.ToWire()
        : throw Refusals.ToException(new Refusal { Code = Code.OutOfRange, Detail = "It adds up to more than 64 bits hold. A shorter range has less." });

    public static Timestamp ToWire(this DateTimeOffset instant) => Timestamp.FromDateTimeOffset(instant);

    public static Timestamp? ToWireIfAny(this DateTimeOffset? instant) => instant?.ToWire();

    public static decimal? Amount(V1.Decimal? wire, string field, Faults faults)
    {
        if (wire is null)
        {
            return null;
        }

        if (wire.Nanos is <= -NanosPerUnit or >= NanosPerUnit)
        {
            faults.Add(field, FaultCodes.BadFormat, "The nanos must be between -999999999 and 999999999.");
            return null;
        }

        if ((wire.Units > 0 && wire.Nanos < 0) || (wire.Units < 0 && wire.Nanos > 0))
        {
            faults.Add(field, FaultCodes.BadFormat, "The units and nanos must have the same sign.");
            return null;
        }

        return wire.Units + ((decimal)wire.Nanos / NanosPerUnit);
    }

    public static decimal Required(V1.Decimal? wire, string field, Faults faults)
    {
        if (wire is null)
        {
            faults.Add(field, FaultCodes.Required, "It must be given.");
        }

        return Amount(wire, field, faults) ?? 0m;
    }

    public static DateTimeOffset? Instant(Timestamp? wire, string field, Faults faults)
    {
        if (wire is null)
        {
            return null;
        }

        if (TryInstant(wire.Seconds, wire.Nanos, out var instant))
        {
            return instant;
        }

        faults.Add(field, FaultCodes.BadFormat, "It must be an instant from year 1 to year 9999.");
        return null;
    }

    /// <summary>The instant of a <c>Timestamp</c>; false when it is none.</summary>
    public static bool TryInstant(long seconds, long nanos, out DateTimeOffset instant)
    {
        var isOne = seconds is >= MinSeconds and <= MaxSeconds && nanos is >= 0 and < NanosPerUnit;

        // Finer than 100 ns is cut off, as it is from text.
        instant = isOne ? DateTimeOffset.UnixEpoch.AddTicks((seconds * TimeSpan.TicksPerSecond) + (nanos / NanosPerTick)) : default;
        return isOne;
    }

    public static ChargeMode Mode(V1.ChargeMode wire, ChargeMode unspecified, Faults faults) => wire switch
    {
        V1.ChargeMode.Unspecified => unspecified,
        V1.ChargeMode.Enforce => ChargeMode.Enforce,
        V1.ChargeMode.UpTo => ChargeMode.UpTo,
        V1.ChargeMode.Record => ChargeMode.Record,
        _ => Unknown<ChargeMode>("mode", faults),
    };

    public static V1.ChargeMode ToWire(this ChargeMode mode) => mode switch
    {
        ChargeMode.Enforce => V1.ChargeMode.Enforce,
        ChargeMode.UpTo => V1.ChargeMode.UpTo,
        ChargeMode.Record => V1.ChargeMode.Record,
    };

    public static PeriodUnit Unit(V1.PeriodUnit wire, Faults faults)
    {
        if (wire == V1.PeriodUnit.Unspecified)
        {
            faults.Add("every", FaultCodes.Required, "It must be given.");
        }

        return wire switch
        {
            V1.PeriodUnit.Hour => PeriodUnit.Hour,
            V1.PeriodUnit.Day => PeriodUnit.Day,
            V1.PeriodUnit.Week => PeriodUnit.Week,
            V1.PeriodUnit.Month => PeriodUnit.Month,
            V1.PeriodUnit.Year => PeriodUnit.Year,
            _ => Unknown<PeriodUnit>("every", faults),
        };
    }

    public static V1.PeriodUnit ToWire(this PeriodUnit unit) => unit switch
    {
        PeriodUnit.Hour => V1.PeriodUnit.Hour,
        PeriodUnit.Day => V1.PeriodUnit.Day,
        PeriodUnit.Week => V1.PeriodUnit.Week,
        PeriodUnit.Month => V1.PeriodUnit.Month,
        PeriodUnit.Year => V1.PeriodUnit.Year,
    };

    public static GrantKind Kind(V1.GrantKind wire, Faults faults) => wire switch
    {
        V1.GrantKind.Unspecified or V1.GrantKind.Purchase => GrantKind.Purchase,
        V1.GrantKind.Plan => GrantKind.Plan,
        V1.GrantKind.Promotion => GrantKind.Promotion,
        V1.GrantKind.Refund => GrantKind.Refund,
        _ => Unknown<GrantKind>("kind", faults),
    };

    public static V1.GrantKind ToWire(this GrantKind kind) => kind switch
    {
        GrantKind.Purchase => V1.GrantKind.Purchase,
        GrantKind.Plan => V1.GrantKind.Plan,
        GrantKind.Promotion => V1.GrantKind.Promotion,
        GrantKind.Refund => V1.GrantKind.Refund,
    };

    public static V1.GrantStatus ToWire(this GrantStatus status) => status switch
    {
        GrantStatus.Pending => V1.GrantStatus.Pending,
        GrantStatus.Active => V1.GrantStatus.Active,
        GrantStatus.Expired => V1.GrantStatus.Expired,
        GrantStatus.Voided => V1.GrantStatus.Voided,
    };

    public static V1.Durability ToWire(this Durability durability) => durability switch
    {
        Durability.Journal => V1.Durability.Journal,
        Durability.Periodic => V1.Durability.Periodic,
    };

    public static PriceKind Kind(V1.PriceKind wire, Faults faults)
    {
        if (wire == V1.PriceKind.Unspecified)
        {
            faults.Add("kind", FaultCodes.Required, "It must be given.");
        }

        return wire switch
        {
            V1.PriceKind.PerUnit => PriceKind.PerUnit,
            V1.PriceKind.Package => PriceKind.Package,
            V1.PriceKind.Graduated => PriceKind.Graduated,
            V1.PriceKind.Volume => PriceKind.Volume,
            _ => Unknown<PriceKind>("kind", faults),
        };
    }

    public static V1.PriceKind ToWire(this PriceKind kind) => kind switch
    {
        PriceKind.PerUnit => V1.PriceKind.PerUnit,
        PriceKind.Package => V1.PriceKind.Package,
        PriceKind.Graduated => V1.PriceKind.Graduated,
        PriceKind.Volume => V1.PriceKind.Volume,
    };

    public static ConversionRounding Rounding(V1.ConversionRounding wire, Faults faults) => wire switch
    {
        V1.ConversionRounding.Unspecified or V1.ConversionRounding.None => ConversionRounding.None,
        V1.ConversionRounding.Up => ConversionRounding.Up,
        V1.ConversionRounding.Down => ConversionRounding.Down,
        V1.ConversionRounding.HalfUp => ConversionRounding.HalfUp,
        _ => Unknown<ConversionRounding>("rounding", faults),
    };

    public static V1.ConversionRounding ToWire(this ConversionRounding rounding) => rounding switch
    {
        ConversionRounding.None => V1.ConversionRounding.None,
        ConversionRounding.Up => V1.ConversionRounding.Up,
        ConversionRounding.Down => V1.ConversionRounding.Down,
        ConversionRounding.HalfUp => V1.ConversionRounding.HalfUp,
    };

    public static V1.AccountStatus ToWire(this AccountStatus status) => status switch
    {
        AccountStatus.Open => V1.AccountStatus.Open,
        AccountStatus.Frozen => V1.AccountStatus.Frozen,
        AccountStatus.Closed => V1.AccountStatus.Closed,
    };

    public static UsageWindow? Window(V1.UsageWindow wire, Faults faults) => wire switch
    {
        V1.UsageWindow.Unspecified => null,
        V1.UsageWindow.Minute => UsageWindow.Minute,
        V1.UsageWindow.Hour => UsageWindow.Hour,
        V1.UsageWindow.Day => UsageWindow.Day,
        V1.UsageWindow.Month => UsageWindow.Month,
        _ => Unknown<UsageWindow>("window", faults),
    };

    public static UsageMeasure Measure(V1.UsageMeasure wire, Faults faults) => wire switch
    {
        V1.UsageMeasure.Unspecified or V1.UsageMeasure.Credits => UsageMeasure.Credits,
        V1.UsageMeasure.Quantity => UsageMeasure.Quantity,
        V1.UsageMeasure.Lines => UsageMeasure.Lines,
        _ => Unknown<UsageMeasure>("by", faults),
    };

    public static V1.LedgerDetail ToWire(this LedgerDetail detail) => detail switch
    {
        LedgerDetail.Full => V1.LedgerDetail.Full,
        LedgerDetail.Rollup => V1.LedgerDetail.Rollup,
    };

    public static BudgetWindow Window(V1.BudgetWindow wire, Faults faults)
    {
        if (wire == V1.BudgetWindow.Unspecified)
        {
            faults.Add("window", FaultCodes.Required, "It must be given.");
        }

        return wire switch
        {
            V1.BudgetWindow.Hour => BudgetWindow.Hour,
            V1.BudgetWindow.Day => BudgetWindow.Day,
            V1.BudgetWindow.Week => BudgetWindow.Week,
            V1.BudgetWindow.Month => BudgetWindow.Month,
            V1.BudgetWindow.Period => BudgetWindow.Period,
            V1.BudgetWindow.Total => BudgetWindow.Total,
            _ => Unknown<BudgetWindow>("window", faults),
        };
    }

    public static V1.BudgetWindow ToWire(this BudgetWindow window) => window switch
    {
        BudgetWindow.Hour => V1.BudgetWindow.Hour,
        BudgetWindow.Day => V1.BudgetWindow.Day,
        BudgetWindow.Week => V1.BudgetWindow.Week,
        BudgetWindow.Month => V1.BudgetWindow.Month,
        BudgetWindow.Period => V1.BudgetWindow.Period,
        BudgetWindow.Total => V1.BudgetWindow.Total,
    };

    public static BudgetAction Action(V1.BudgetAction wire, Faults faults) => wire switch
    {
        V1.BudgetAction.Unspecified or V1.BudgetAction.Alert => BudgetAction.Alert,
        V1.BudgetAction.Block => BudgetAction.Block,
        _ => Unknown<BudgetAction>("action", faults),
    };

    public static V1.BudgetAction ToWire(this BudgetAction action) => action switch
    {
        BudgetAction.Alert => V1.BudgetAction.Alert,
        BudgetAction.Block => V1.BudgetAction.Block,
    };

    /// <summary>A rule of a list: its faults are of where we are.</summary>
    public static PolicyRule Rule(V1.PolicyRule wire, Faults faults)
    {
        switch (wire)
        {
            case V1.PolicyRule.AllowedMeters: return PolicyRule.AllowedMeters;
            case V1.PolicyRule.BlockedMeters: return PolicyRule.BlockedMeters;
            case V1.PolicyRule.RequiredDimensions: return PolicyRule.RequiredDimensions;
            case V1.PolicyRule.MaximumCreditsPerCharge: return PolicyRule.MaximumCreditsPerCharge;
            case V1.PolicyRule.RateLimits: return PolicyRule.RateLimits;
            case V1.PolicyRule.Frozen: return PolicyRule.Frozen;
            default:
                faults.AddHere(FaultCodes.BadFormat, "It is not a value of this field.");
                return default;
        }
    }

    public static V1.PolicyRule ToWire(this PolicyRule rule) => rule switch
    {
        PolicyRule.AllowedMeters => V1.PolicyRule.AllowedMeters,
        PolicyRule.BlockedMeters => V1.PolicyRule.BlockedMeters,
        PolicyRule.RequiredDimensions => V1.PolicyRule.RequiredDimensions,
        PolicyRule.MaximumCreditsPerCharge => V1.PolicyRule.MaximumCreditsPerCharge,
        PolicyRule.RateLimits => V1.PolicyRule.RateLimits,
        PolicyRule.Frozen => V1.PolicyRule.Frozen,
    };

    // A value sent by a newer client; a path already at fault keeps its fault.
    private static T Unknown<T>(string field, Faults faults)
        where T : struct
    {
        faults.Add(field, FaultCodes.BadFormat, "It is not a value of this field.");
        return default;
    }
}
