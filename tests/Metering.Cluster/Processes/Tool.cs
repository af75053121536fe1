using System.Diagnostics;

namespace Metering.Cluster.Processes;

/// <summary>A command that runs to its end.</summary>
internal sealed record Tool(int ExitCode, string Output, string Error)
{
    public static async Task<Tool> RunAsync(string file, IEnumerable<string> arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Tool(process.ExitCode, await output, await error);
    }

    /// <exception cref="InvalidOperationException">It ended with another exit code than 0.</exception>
    public static async Task RequireAsync(string file, params string[] arguments)
    {
        var tool = await RunAsync(file, arguments);
        if (tool.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} {string.Join(' ', arguments)}: exit code {tool.ExitCode}. {tool.Error.Trim()}");
        }
    }

    /// <summary>Where a program is found; null when it is not installed.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
