using System.Diagnostics;
using System.Globalization;

namespace Metering.Benchmarks;

/// <summary>
/// Gives a server half of the processors and this process the other half, so that a load beyond what the server can do takes nothing from it but by what it sends.
/// </summary>
internal static class ProcessorShare
{
    /// <summary>False when there is one processor, or no <c>taskset</c>: then both run on all there are.</summary>
    public static bool TryHalve(int serverProcessId)
    {
        var half = Environment.ProcessorCount / 2;
        return half > 0
            && TryPin(serverProcessId, $"0-{half - 1}")
            && TryPin(Environment.ProcessId, $"{half}-{Environment.ProcessorCount - 1}");
    }

    private static bool TryPin(int processId, string processors)
    {
        try
        {
            var start = new ProcessStartInfo("taskset", ["-a", "-c", "-p", processors, processId.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardOutput = true,
            };
            using var taskset = Process.Start(start)!;
            taskset.StandardOutput.ReadToEnd();
            taskset.WaitForExit();
            return taskset.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
