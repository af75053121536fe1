using System.Diagnostics;

namespace Metering.Kubernetes.Tests;

/// <summary>Prometheus' own checks. Where it is not installed they are skipped with what they would stand for, except where the environment says CI=true: there they must run.</summary>
internal static class Promtool
{
    private const string Program = "promtool";

    internal static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .Append(System.IO.Path.Combine(Cache, "metering-tests", "prometheus", "usr", "bin"))
        .Select(static directory => System.IO.Path.Combine(directory, Program))
        .FirstOrDefault(File.Exists);

    private static string Cache => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
        ? cache
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");

    /// <summary>Runs it; what it has to say against the input is the failure.</summary>
    /// <returns>False when there is no promtool, and nothing was checked.</returns>
    internal static async Task<bool> CheckAsync(IReadOnlyList<string> arguments, string input)
    {
        if (Path is null)
        {
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", $"{Program} is missing: run ./test once, which installs it, or install Prometheus.");
            return false;
        }

        using var process = Process.Start(new ProcessStartInfo(Path, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await error);
        return true;
    }
}
