using System.Diagnostics;

namespace Metering.Silo.SteppingDown;

/// <summary>How this process ends without stopping first.</summary>
internal static class ProcessEnd
{
    /// <summary>Not that of a start that failed, which is 1.</summary>
    internal const int ExitCode = 3;

    /// <summary>For whatever wants to be asked when a process exits; a silo that steps down waits for nobody.</summary>
    private static readonly TimeSpan MaxExit = TimeSpan.FromMilliseconds(200);

    /// <summary>Says why, and ends.</summary>
    internal static void Now(string line)
    {
        Console.Error.WriteLine(line);
        var killer = new Thread(static () =>
        {
            Thread.Sleep(MaxExit);
            Process.GetCurrentProcess().Kill();
        })
        {
            IsBackground = true,
        };
        killer.Start();
        Environment.Exit(ExitCode);
    }
}
