namespace Metering.Contracts;

/// <summary>The stretches of UTC time that usage is added up by.</summary>
public enum UsageWindow
{
    Minute = 0,
    Hour = 1,
    Day = 2,

    /// <summary>Of the calendar.</summary>
    Month = 3,
}

/// <summary>What an account knows by itself of its usage in a range: the last hour by the minute, the last seven days by the hour, the last thirteen months by the day.</summary>
[GenerateSerializer, Immutable, Alias("metering.AccountUsage")]
public sealed record AccountUsage
{
    /// <summary>
    /// False when the account does not have the range whole: it is too old, its bounds or windows cut through what is one number by now, or more meters were used in it than an account adds
    /// up. Then the ledger has it.
    /// </summary>
    [Id(0)] public required bool IsCovered { get; init; }

    /// <summary>By window, then by meter, ordinal. Only windows in which there is an entry that counts.</summary>
    [Id(1)] public required IReadOnlyList<MeterUsage> Usage { get; init; }
}

/// <summary>
/// What was used of a meter in a window: the lines of charges and settles whose entry is in it, less those that reversals in it gave back. All by the account's time.
/// </summary>
/// <param name="WindowStart">A window that the range cuts off begins where it begins.</param>
/// <param name="Meter">Empty for credits that were settled for no meter.</param>
/// <param name="Quantity">In the meter's unit; negative where more was given back than used.</param>
/// <param name="Credits">Taken, less what was given back.</param>
/// <param name="Lines">Lines of charges and settles; giving back takes none away.</param>
[GenerateSerializer, Immutable, Alias("metering.MeterUsage")]
public sealed record MeterUsage(
    [property: Id(0)] DateTimeOffset WindowStart,
    [property: Id(1)] string Meter,
    [property: Id(2)] decimal Quantity,
    [property: Id(3)] decimal Credits,
    [property: Id(4)] long Lines);
