using System.Diagnostics;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>The programs of the images, each published once by the command of its Dockerfile, from a copy of nothing but what the Dockerfile copies.</summary>
[CollectionDefinition]
public sealed class PublishedImages : IAsyncLifetime, ICollectionFixture<PublishedImages>
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-images-");

    /// <summary>The folder that stands for <c>/app</c> of an image.</summary>
    internal string Application(Dockerfile file) => Path.Combine(_directory.FullName, file.Image, "app");

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows())
        {
            // Whoever the programs run as is to read them.
            File.SetUnixFileMode(_directory.FullName, File.GetUnixFileMode(_directory.FullName) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        foreach (var file in Dockerfile.All)
        {
            await PublishAsync(file);
        }
    }

    public ValueTask DisposeAsync()
    {
        _directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task PublishAsync(Dockerfile file)
    {
        var source = Path.Combine(_directory.FullName, file.Image, "source");
        foreach (var (from, to) in file.Copies)
        {
            Copy(Path.Combine(Repository.Root, from), to is "./" ? Path.Combine(source, from) : Path.Combine(source, to, File.Exists(Path.Combine(Repository.Root, from)) ? Path.GetFileName(from) : ""));
        }

        var words = file.Publish.Select(word => word == "/app" ? Application(file) : word).ToList();
        var start = new ProcessStartInfo(words[0], [.. words[1..], "--verbosity", "quiet", "-maxcpucount:2"]) { WorkingDirectory = source, RedirectStandardOutput = true, RedirectStandardError = true };

        // What builds this project left in the environment, and processes that stay behind.
        foreach (var name in start.Environment.Keys.Where(static name => name.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{string.Join(' ', file.Publish)}' of {file.Path} failed: {output}{await error}");
        }
    }

    /// <summary>Leaves out what <c>.dockerignore</c> does: a name everywhere (<c>**/name</c>).</summary>
    private static void Copy(string from, string to)
    {
        if (File.Exists(from))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to);
            return;
        }

        Directory.CreateDirectory(to);
        foreach (var entry in new DirectoryInfo(from).EnumerateFileSystemInfos().Where(static entry => !Ignored.Contains(entry.Name)))
        {
            Copy(entry.FullName, Path.Combine(to, entry.Name));
        }
    }

    private static HashSet<string> Ignored { get; } =
        [.. Repository.Read(".dockerignore").Split('\n').Where(static line => line.StartsWith("**/", StringComparison.Ordinal)).Select(static line => line[3..])];
}
