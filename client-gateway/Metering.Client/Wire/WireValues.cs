using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Client.Wire;

/// <summary>The values that messages share: amounts, instants, enumerations.</summary>
internal static class WireValues
{
    private const int NanosPerUnit = 1_000_000_000;
    private const int MaxDecimals = 9;

    /// <exception cref="ArgumentOutOfRangeException">It cannot travel exactly.</exception>
    public static V1.Decimal ToWire(decimal amount)
    {
        var units = decimal.Truncate(amount);
        if (decimal.Round(amount, MaxDecimals) != amount || units is < long.MinValue or > long.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(amount), amount, "An amount has at most 9 decimal places and fits 64 bits before the point.");
        }

        return new V1.Decimal { Units = (long)units, Nanos = (int)((amount - units) * NanosPerUnit) };
    }

    public static V1.Decimal? ToWireIfAny(decimal? amount) => amount is { } value ? ToWire(value) : null;

    public static decimal FromWire(V1.Decimal? wire) => wire is null ? 0m : wire.Units + ((decimal)wire.Nanos / NanosPerUnit);

    public static decimal? FromWireIfAny(V1.Decimal? wire) => wire is null ? null : FromWire(wire);

    public static Timestamp? ToWire(DateTimeOffset? instant) => instant is { } value ? Timestamp.FromDateTimeOffset(value) : null;

    public static DateTimeOffset? FromWire(Timestamp? wire) => wire?.ToDateTimeOffset();

    public static string? IfAny(string wire) => wire.Length == 0 ? null : wire;

    public static IReadOnlyDictionary<string, string> FromWire(MapField<string, string> wire) => new Dictionary<string, string>(wire, StringComparer.Ordinal);

    public static void Add(MapField<string, string> wire, IReadOnlyDictionary<string, string>? pairs)
    {
        foreach (var (key, value) in pairs ?? new Dictionary<string, string>())
        {
            wire.Add(key, value);
        }
    }

    public static V1.ChargeMode ToWire(ChargeMode mode) => mode switch
    {
        ChargeMode.Enforce => V1.ChargeMode.Enforce,
        ChargeMode.UpTo => V1.ChargeMode.UpTo,
        ChargeMode.Record => V1.ChargeMode.Record,
    };

    public static ChargeMode FromWire(V1.ChargeMode mode) => mode switch
    {
        V1.ChargeMode.Enforce => ChargeMode.Enforce,
        V1.ChargeMode.UpTo => ChargeMode.UpTo,
        V1.ChargeMode.Record => ChargeMode.Record,
        _ => throw Unknown(mode),
    };

    public static V1.PeriodUnit ToWire(PeriodUnit unit) => unit switch
    {
        PeriodUnit.Hour => V1.PeriodUnit.Hour,
        PeriodUnit.Day => V1.PeriodUnit.Day,
        PeriodUnit.Week => V1.PeriodUnit.Week,
        PeriodUnit.Month => V1.PeriodUnit.Month,
        PeriodUnit.Year => V1.PeriodUnit.Year,
    };

    public static PeriodUnit FromWire(V1.PeriodUnit unit) => unit switch
    {
        V1.PeriodUnit.Hour => PeriodUnit.Hour,
        V1.PeriodUnit.Day => PeriodUnit.Day,
        V1.PeriodUnit.Week => PeriodUnit.Week,
        V1.PeriodUnit.Month => PeriodUnit.Month,
        V1.PeriodUnit.Year => PeriodUnit.Year,
        _ => throw Unknown(unit),
    };

    /// <summary>A value of a newer server: the call was done, but what it says cannot be told here.</summary>
    public static InvalidDataException Unknown(System.Enum value) =>
        new($"The server answered {value.GetType().Name} {value}, which this version of the library does not know.");
}
