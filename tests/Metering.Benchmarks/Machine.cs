using System.Runtime.InteropServices;

namespace Metering.Benchmarks;

/// <summary>What a number was measured on: without it the number says nothing.</summary>
internal static class Machine
{
    private const string ProcessorInfo = "/proc/cpuinfo";
    private const string ModelKey = "model name";

    public static string Describe() =>
        $"{Environment.ProcessorCount} cores, {ProcessorModel()}, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";

    private static string ProcessorModel()
    {
        var line = File.Exists(ProcessorInfo)
            ? File.ReadLines(ProcessorInfo).FirstOrDefault(text => text.StartsWith(ModelKey, StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
