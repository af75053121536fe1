using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Metering.Cluster.Processes;

/// <summary>
/// One server in a process of its own. What it prints goes to a file, which stays when the process is killed and goes on when it is started
/// again: the evidence of a failure. It can outlive the program that started it.
/// </summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int Sigkill = 9;
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly ServerCommand _command;
    private Process _process;

    private ServerProcess(ServerCommand command)
    {
        _command = command;
        _process = Launch(command);
    }

    public string Name => _command.Name;

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    public string LogFile => _command.LogFile;

    public static ServerProcess Start(ServerCommand command) => new(command);

    /// <summary>Starts the same command again.</summary>
    public void Restart()
    {
        if (!HasExited)
        {
            throw new InvalidOperationException($"{Name} still runs.");
        }

        _process.Dispose();
        _process = Launch(_command);
    }

    /// <summary>Ends it at once, as a power cut would (SIGKILL).</summary>
    public async Task KillAsync()
    {
        Signal(Sigkill);
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop (SIGTERM) and tells its exit code.</summary>
    /// <exception cref="TimeoutException">It still runs after a minute.</exception>
    public Task<int> StopAsync()
    {
        Signal(Sigterm);
        return WaitForExitAsync();
    }

    /// <exception cref="TimeoutException">It still runs after a minute.</exception>
    public async Task<int> WaitForExitAsync()
    {
        using var timeout = new CancellationTokenSource(StopTimeout);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Name} has not ended within {StopTimeout.TotalSeconds} s.");
        }

        return _process.ExitCode;
    }

    /// <summary>Holds it (SIGSTOP): it neither runs nor lets go of anything.</summary>
    public void Pause() => Signal(Sigstop);

    public void Continue() => Signal(Sigcont);

    /// <summary>Processor time it has used so far, since its last start.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Memory that it takes of the machine's, in bytes.</summary>
    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>The last lines it printed.</summary>
    public string Tail(int lines) =>
        File.Exists(LogFile) ? string.Join(Environment.NewLine, File.ReadLines(LogFile).TakeLast(lines)) : "";

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            // A paused process takes no other signal but this one and the kill.
            Continue();
            await KillAsync();
        }

        _process.Dispose();
    }

    // The shell opens the file and becomes the command, so the number of the process is the command's own.
    private static Process Launch(ServerCommand command)
    {
        var start = new ProcessStartInfo("/bin/sh")
        {
            WorkingDirectory = command.WorkingDirectory,
            ArgumentList = { "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", command.LogFile },
        };
        foreach (var word in command.Words)
        {
            start.ArgumentList.Add(word);
        }

        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(command.LogFile)!);
        var process = new Process { StartInfo = start };
        process.Start();
        return process;
    }

    private void Signal(int signal)
    {
        // The number of a process that has ended may be somebody else's by now.
        if (!HasExited && kill(_process.Id, signal) != 0 && !HasExited)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"Signal {signal} could not be sent to {Name}: error {Marshal.GetLastPInvokeError()}."));
        }
    }

#pragma warning disable IDE1006, SYSLIB1054 // The name is libc's; two integers need no generated marshalling.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
#pragma warning restore IDE1006, SYSLIB1054
}

/// <summary>How a server is started, each time.</summary>
/// <param name="Name">For people.</param>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Environment">Beside what is inherited.</param>
/// <param name="WorkingDirectory">Where it runs.</param>
/// <param name="LogFile">Where its output is appended.</param>
internal sealed record ServerCommand(
    string Name,
    IReadOnlyList<string> Words,
    IReadOnlyDictionary<string, string> Environment,
    string WorkingDirectory,
    string LogFile);
