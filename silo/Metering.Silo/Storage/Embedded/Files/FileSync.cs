using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>
/// Makes what was written into a file durable. On Linux with <c>fdatasync</c>, which .NET has no call for: it leaves out the time of the last change, and with it a write of the file system's own
/// journal for each of ours.
/// </summary>
internal static partial class FileSync
{
    /// <exception cref="IOException">It is not known what is on the disk.</exception>
    internal static void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(file);
        }
        else if (SyncData(file) != 0)
        {
            throw new IOException($"The file cannot be synced: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SyncData(SafeFileHandle file);
}
