using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Metering.TestServers;

namespace Metering.Silo.Tests;

/// <summary>A silo as a process, on free ports of this machine.</summary>
internal sealed class SiloProgram : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Channel<string> _output = Channel.CreateUnbounded<string>();
    private readonly List<string> _errors = [];

    private SiloProgram(Process process) => _process = process;

    /// <summary>Its health, once it is ready.</summary>
    internal Uri Health { get; private set; } = null!;

    internal int Id => _process.Id;

    internal static SiloProgram Start(params string[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Metering.Silo.dll")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        string[] own = ["AdvertisedAddress=127.0.0.1", "HealthPort=0", $"SiloPort={Port()}", $"ClientPort={Port()}", "Partitions=8", "Snapshots=Redis"];
        foreach (var setting in own.Concat(settings).Select(setting => setting.Split('=', 2)))
        {
            start.Environment[$"Metering__{setting[0]}"] = setting[1];
        }

        var silo = new SiloProgram(Process.Start(start)!);
        silo._process.OutputDataReceived += (_, line) => silo.Heard(line.Data);
        silo._process.ErrorDataReceived += (_, line) => silo.Failed(line.Data);
        silo._process.BeginOutputReadLine();
        silo._process.BeginErrorReadLine();
        return silo;
    }

    /// <summary>Waits for the line that says it is ready.</summary>
    /// <returns>The line.</returns>
    internal async Task<string> ReadyAsync()
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(StartTimeout);
        await foreach (var line in _output.Reader.ReadAllAsync(timeout.Token))
        {
            if (line.StartsWith("Metering silo ready", StringComparison.Ordinal))
            {
                Health = new Uri(line[(line.LastIndexOf(' ') + 1)..]);
                return line;
            }
        }

        throw new InvalidOperationException($"The silo ended before it was ready: {string.Join('\n', _errors)}");
    }

    /// <summary>Waits for its end.</summary>
    internal async Task<(int ExitCode, IReadOnlyList<string> Errors)> EndedAsync()
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(StartTimeout);
        await _process.WaitForExitAsync(timeout.Token);
        return (_process.ExitCode, _errors);
    }

    /// <summary>Asks it to stop (SIGTERM).</summary>
    internal async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static string Port() => FreePort.Next().ToString(CultureInfo.InvariantCulture);

    private void Heard(string? line)
    {
        if (line is null)
        {
            _output.Writer.TryComplete();
        }
        else
        {
            _output.Writer.TryWrite(line);
        }
    }

    private void Failed(string? line)
    {
        if (line is not null)
        {
            _errors.Add(line);
        }
    }
}
