using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// The Standalone server in a process of its own, on free ports of the loopback: what a user starts, and what a power cut ends. Its output is
/// kept, so that a failure can show it.
/// </summary>
internal sealed partial class StandaloneProcess : IAsyncDisposable
{
    private const int MaxLogLines = 2_000;
    private const int Sigkill = 9;
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;

    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Queue<string> _log = [];
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private StandaloneProcess(Process process) => _process = process;

    /// <summary>The HTTP address; known once <see cref="WaitListeningAsync"/> is done.</summary>
    public Uri BaseAddress => _listening.Task.IsCompletedSuccessfully
        ? _listening.Task.Result
        : throw new InvalidOperationException("The server has not told its address yet.");

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Everything it printed, standard output and standard error.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log)
            {
                return [.. _log];
            }
        }
    }

    /// <summary>Starts the built server beside this assembly.</summary>
    /// <param name="dataDirectory">Where it keeps everything.</param>
    /// <param name="settings">By name without the prefix, as in <c>Durability</c>; those of OpenTelemetry and of the runtime by their own.</param>
    public static StandaloneProcess Start(string dataDirectory, IReadOnlyDictionary<string, string>? settings = null)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Metering.Standalone.dll") },
            WorkingDirectory = AppContext.BaseDirectory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["Metering__DataDirectory"] = dataDirectory;
        start.Environment["Metering__HttpPort"] = "0";
        start.Environment["Metering__GrpcPort"] = "0";
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            var isOwn = name.StartsWith("OTEL_", StringComparison.Ordinal) || name.StartsWith("DOTNET_", StringComparison.Ordinal);
            start.Environment[isOwn ? name : $"Metering__{name}"] = value;
        }

        var server = new StandaloneProcess(new Process { StartInfo = start, EnableRaisingEvents = true });
        server._process.OutputDataReceived += (_, line) => server.Hear(line.Data);
        server._process.ErrorDataReceived += (_, line) => server.Hear(line.Data);
        server._process.Exited += (_, _) => server._listening.TrySetException(
            new InvalidOperationException("The server ended before it listened."));
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>Done when it has printed its address, before it is necessarily ready.</summary>
    public Task<Uri> WaitListeningAsync(CancellationToken cancellationToken) => _listening.Task.WaitAsync(cancellationToken);

    /// <summary>Done when it says that it can take charges.</summary>
    public async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = await WaitListeningAsync(cancellationToken) };
        using var probes = new PeriodicTimer(ProbeInterval);
        while (!await IsReadyAsync(http, cancellationToken))
        {
            if (HasExited)
            {
                throw new InvalidOperationException("The server ended before it was ready.");
            }

            await probes.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Ends it at once, as a power cut would (SIGKILL).</summary>
    public async Task KillAsync()
    {
        Signal(Sigkill);
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop (SIGTERM) and tells its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Signal(Sigterm);
        return await WaitForExitAsync();
    }

    /// <summary>Waits until it ends by itself and tells its exit code.</summary>
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
            throw new TimeoutException($"The server has not ended within {StopTimeout}.");
        }

        return _process.ExitCode;
    }

    /// <summary>Stops its clock hands (SIGSTOP): it neither runs nor lets go of anything.</summary>
    public void Pause() => Signal(Sigstop);

    public void Continue() => Signal(Sigcont);

    public async ValueTask DisposeAsync()
    {
        if (!HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(new Uri("/healthz/ready", UriKind.Relative), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > MaxLogLines)
            {
                _log.Dequeue();
            }
        }

        // Both edges print their address; only the HTTP one is spoken to here.
        var address = LoopbackAddress().Match(line);
        if (address.Success && !line.Contains("grpc", StringComparison.OrdinalIgnoreCase))
        {
            _listening.TrySetResult(new Uri(address.Value));
        }
    }

    private void Signal(int signal)
    {
        // The number of a process that has ended may be somebody else's by now.
        if (!HasExited && kill(_process.Id, signal) != 0 && !HasExited)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+")]
    private static partial Regex LoopbackAddress();

#pragma warning disable IDE1006, SYSLIB1054 // The name is libc's; two integers need no generated marshalling.
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
#pragma warning restore IDE1006, SYSLIB1054
}
