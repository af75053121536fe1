using System.Globalization;

namespace Metering.Grains.Journal;

/// <summary>The name of a partition's log in every store: <c>partition-7</c>.</summary>
public static class PartitionLog
{
    private const string Prefix = "partition-";

    public static string NameOf(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{partition}");

    /// <summary>The partition of a log; -1 for a log of anything else.</summary>
    public static int NumberOf(string log) =>
        log.StartsWith(Prefix, StringComparison.Ordinal) && int.TryParse(log.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
