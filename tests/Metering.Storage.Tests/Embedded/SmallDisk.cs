using System.Diagnostics;
using System.Globalization;

namespace Metering.Storage.Tests.Embedded;

/// <summary>
/// A disk of a few megabytes (tmpfs), so that it can be filled. Mounting needs root on Linux; without it the test is skipped, except where
/// the environment says CI=true: there it must run.
/// </summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    public static async Task<SmallDisk> MountAsync(string path, int megabytes, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(path);
        var size = string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m");
        var fault = OperatingSystem.IsLinux()
            ? await RunAsync("mount", ["-t", "tmpfs", "-o", size, "tmpfs", path], cancellationToken)
            : "it is not Linux";
        if (fault is not null)
        {
            var reason = $"This test fills a small disk, which it mounts: it needs Linux and root (CAP_SYS_ADMIN in a container). Mounting failed: {fault}";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", reason);
            Assert.Skip(reason);
        }

        return new SmallDisk(path);
    }

    public async Task MakeReadOnlyAsync(CancellationToken cancellationToken) =>
        Assert.Null(await RunAsync("mount", ["-o", "remount,ro", Path], cancellationToken));

    public async ValueTask DisposeAsync()
    {
        // Not the test's token: the disk must go even when the test was cancelled. Lazily, should a file on it still be open.
        await RunAsync("umount", ["--lazy", Path], CancellationToken.None);
    }

    private static async Task<string?> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var error = await process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? null : error.Trim();
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return exception.Message;
        }
    }
}
