using System.Globalization;

namespace Metering.Benchmarks.Peers;

/// <summary>Processor time that processes have taken, their children included, read from <c>/proc</c>.</summary>
internal static class ProcessorTime
{
    private const int ParentField = 1;
    private const int UserField = 11;
    private const int SystemField = 12;

    // USER_HZ, which Linux fixes at 100 for every program that reads /proc.
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of a process and of everything it started and that still runs.</summary>
    public static double Of(int processId)
    {
        var (parents, ticks) = (new Dictionary<int, int>(), new Dictionary<int, long>());
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && Read(directory) is { } fields)
            {
                parents[id] = int.Parse(fields[ParentField], CultureInfo.InvariantCulture);
                ticks[id] = long.Parse(fields[UserField], CultureInfo.InvariantCulture) + long.Parse(fields[SystemField], CultureInfo.InvariantCulture);
            }
        }

        return ticks.Where(pair => Descends(pair.Key)).Sum(pair => pair.Value) / TicksPerSecond;

        bool Descends(int id) => id == processId || (parents.TryGetValue(id, out var parent) && parent != 0 && Descends(parent));
    }

    // The name in parentheses may hold anything: fields are counted from behind it.
    private static string[]? Read(string directory)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(directory, "stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return null;
        }
    }
}
