using System.Net.Sockets;

namespace Metering.Contracts;

/// <summary>Ends connections over which nothing arrives any more.</summary>
/// <remarks>
/// A link that drops packets leaves connections that look well for a quarter of an hour, until the system gives up sending again. Orleans pins calls to connections and asks nobody
/// whether they work: while a silo is well in the eyes of most others, whoever is cut off from it would wait for it all that time, and it for them. Once the connection
/// is closed, calls and answers find another way. It is the kernel that acknowledges, so a process that is merely busy does not lose its connections.
/// </remarks>
public static class SilentLinks
{
    /// <summary>Two attempts of a call; a packet that is lost now and then has been sent again twice, after 0.2 and 0.6 s.</summary>
    public static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(1);

    // TCP_USER_TIMEOUT, which .NET has no name for.
    private const int TcpLevel = 6;
    private const int UserTimeout = 18;

    /// <summary>
    /// The connection ends when nothing that was sent has been acknowledged for <see cref="MaxSilence"/>; those that a listening socket accepts likewise. Only Linux can; elsewhere nothing is
    /// changed.
    /// </summary>
    public static void EndWhenSilent(this Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(TcpLevel, UserTimeout, BitConverter.GetBytes((int)MaxSilence.TotalMilliseconds));
        }
    }
}
