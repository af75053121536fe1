namespace Metering.Ledger.Segments;

/// <summary>Instants as segments have them: nanoseconds since 1970, UTC. They reach from 1678 to 2261; what lies beyond is put at the edge.</summary>
internal static class Instants
{
    private const long NanosecondsPerTick = 100;

    internal static long Nanoseconds(DateTimeOffset at)
    {
        var ticks = at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        const long most = long.MaxValue / NanosecondsPerTick;
        return Math.Clamp(ticks, -most, most) * NanosecondsPerTick;
    }

    internal static long? Nanoseconds(DateTimeOffset? at) => at is { } instant ? Nanoseconds(instant) : null;

    internal static DateTimeOffset From(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);
}
