using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Metering.Benchmarks.Profile;

/// <summary>Samples of all threads of a process by <c>perf</c>, which names compiled methods when the process runs with <c>DOTNET_PerfMapEnabled=1</c>.</summary>
internal static class Sampling
{
    private const int SamplesPerSecond = 499;

    /// <summary>Takes samples for that long.</summary>
    /// <exception cref="InvalidOperationException">There is no <c>perf</c>, or it may not look at the process.</exception>
    public static Task RecordAsync(int processId, TimeSpan duration, string file, CancellationToken cancellationToken) => RunAsync(
        ["record", "-F", $"{SamplesPerSecond}", "-g", "-o", file, "-p", $"{processId}", "--", "sleep", duration.TotalSeconds.ToString(CultureInfo.InvariantCulture)],
        static _ => { },
        cancellationToken);

    /// <returns>How many samples are of each of the parts.</returns>
    public static async Task<Dictionary<ProfilePart, int>> CountAsync(string file, CancellationToken cancellationToken)
    {
        var counts = ProfilePart.All.ToDictionary(static part => part, static _ => 0);
        string? thread = null;
        var stack = new StringBuilder();
        await RunAsync(["script", "-i", file, "-F", "comm,ip,sym"], Take, cancellationToken);
        Take("");
        return counts;

        // A sample is a line with its thread, one for each method, and an empty one.
        void Take(string line)
        {
            if (thread is null)
            {
                thread = line.Length > 0 ? line : null;
            }
            else if (line.Length > 0)
            {
                stack.AppendLine(line);
            }
            else
            {
                var methods = stack.ToString();
                counts[ProfilePart.All.First(part => part.Has(thread, methods))]++;
                stack.Clear();
                thread = null;
            }
        }
    }

    private static async Task RunAsync(IEnumerable<string> arguments, Action<string> hear, CancellationToken cancellationToken)
    {
        using var perf = new Process { StartInfo = new ProcessStartInfo("perf", arguments) { RedirectStandardOutput = true, RedirectStandardError = true } };
        try
        {
            perf.Start();
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException("perf is missing: apt-get install linux-perf.", missing);
        }

        var errors = perf.StandardError.ReadToEndAsync(cancellationToken);
        while (await perf.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            hear(line.TrimEnd());
        }

        await perf.WaitForExitAsync(cancellationToken);
        if (perf.ExitCode != 0)
        {
            throw new InvalidOperationException($"perf ended with {perf.ExitCode}: {await errors}");
        }
    }
}
