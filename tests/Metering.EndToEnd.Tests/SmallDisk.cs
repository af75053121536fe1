namespace Metering.EndToEnd.Tests;

/// <summary>A file system of a few megabytes in memory, that can be filled to the last byte and made room on again.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int Megabytes = 64;
    private const int FillerBytes = 4_096;

    private readonly TemporaryDirectory _directory;

    private SmallDisk(TemporaryDirectory directory) => _directory = directory;

    public string Path => _directory.Path;

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts it; null, with the reason, where that is not allowed.</summary>
    public static async Task<(SmallDisk? Disk, string Reason)> TryMountAsync(CancellationToken cancellationToken)
    {
        var directory = new TemporaryDirectory();
        var mount = await Tool.RunAsync(
            "mount", ["-t", "tmpfs", "-o", $"size={Megabytes}m", "metering-test", directory.Path], "/", cancellationToken);
        if (mount.ExitCode == 0)
        {
            return (new SmallDisk(directory), "");
        }

        directory.Dispose();
        return (null, $"A full disk needs the right to mount a tmpfs (root, or CAP_SYS_ADMIN): {mount.Error.Trim()}");
    }

    /// <summary>Leaves not a byte free.</summary>
    public void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[FillerBytes];
        try
        {
            while (true)
            {
                filler.Write(block);
            }
        }
        catch (IOException)
        {
            // Full: what was asked for.
        }
    }

    public void MakeRoom() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        var unmount = await Tool.RunAsync("umount", [Path], "/", CancellationToken.None);
        if (unmount.ExitCode != 0)
        {
            throw new IOException($"{Path} could not be unmounted: {unmount.Error}");
        }

        _directory.Dispose();
    }
}
