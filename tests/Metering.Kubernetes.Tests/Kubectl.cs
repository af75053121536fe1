using System.Diagnostics;

namespace Metering.Kubernetes.Tests;

/// <summary>Where there is one. What it says is compared with; nothing else depends on it.</summary>
internal static class Kubectl
{
    private const string Program = "kubectl";

    internal static bool IsInstalled { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(static directory => File.Exists(Path.Combine(directory, Program)));

    /// <returns>What it prints.</returns>
    internal static async Task<string> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        return output;
    }
}
