using System.Diagnostics;
using System.Globalization;

namespace Metering.TestServers;

/// <summary>
/// A <c>redis-server</c> on a free port, with a directory of its own. It can be killed, paused, started again, and lose the end of its file as the death of its
/// machine would make it.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private const string Program = "redis-server";
    private const string Client = "redis-cli";
    private const int MaxStarts = 5;

    // Reading a large file back takes a while on a busy machine.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    private readonly RedisSettings _settings;
    private Process? _process;

    private RedisServer(RedisSettings settings)
    {
        _settings = settings;
        Directory = System.IO.Directory.CreateTempSubdirectory("metering-redis-").FullName;
        if (settings.UseTls)
        {
            RedisCertificates.Write(Directory);
        }
    }

    /// <summary>Why no test can have a Redis here, and how to get one; null when it can.</summary>
    public static string? Missing { get; } = new[] { Program, Client }.All(IsInstalled)
        ? null
        : $"This test starts a Redis: it needs {Program} and {Client} (on Debian: apt-get install redis-server; ./test installs it as root).";

    /// <summary>Where it keeps its files.</summary>
    public string Directory { get; }

    public int Port { get; private set; }

    /// <summary>The port its fellow nodes talk to; 0 outside a cluster.</summary>
    public int ClusterPort { get; private set; }

    /// <summary>The PEM file of the authority that signed its certificate, when it takes TLS.</summary>
    public string CertificateAuthorityFile => Path.Combine(Directory, RedisCertificates.AuthorityFile);

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>For StackExchange.Redis.</summary>
    public string ConnectionString =>
        Address + (_settings.Password is { } password ? $",password={password}" : "") + (_settings.UseTls ? ",ssl=true,sslHost=localhost" : "");

    /// <summary>The length of the append-only file, as far as it is written.</summary>
    public long AppendedBytes => new FileInfo(AppendFile).Length;

    /// <summary>The part of the append-only file that grows. Of an empty data set it is the only one with anything in it, until Redis rewrites it.</summary>
    private string AppendFile => System.IO.Directory.GetFiles(Path.Combine(Directory, "appendonlydir"), "*.incr.aof").Order(StringComparer.Ordinal).Last();

    /// <summary>Starts a server; it takes connections when the task completes.</summary>
    /// <exception cref="InvalidOperationException">It is not installed (see <see cref="Missing"/>), or did not start.</exception>
    public static async Task<RedisServer> StartAsync(RedisSettings settings, CancellationToken cancellationToken)
    {
        if (Missing is not null)
        {
            throw new InvalidOperationException(Missing);
        }

        var server = new RedisServer(settings);
        try
        {
            // Between finding a free port and listening on it somebody else may take it.
            for (var starts = 1; ; starts++)
            {
                server.Port = FreePort.Next();
                server.ClusterPort = settings.IsClusterNode ? FreePort.Next() : 0;
                if (await server.TryStartAsync(cancellationToken) is not { } output)
                {
                    return server;
                }

                if (starts == MaxStarts || !output.Contains("in use", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"{Program} did not start: {output}");
                }
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills it (SIGKILL). What it had written is in its file; the machine goes on.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }
    }

    /// <summary>Starts it again on the same port and files, after <see cref="KillAsync"/>.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await KillAsync();
        if (await TryStartAsync(cancellationToken) is { } output)
        {
            throw new InvalidOperationException($"{Program} did not start again: {output}");
        }
    }

    /// <summary>Stops it where it is (SIGSTOP): connections stay, nobody is answered.</summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        await SignalAsync("STOP", cancellationToken);
    }

    /// <summary>Lets it go on (SIGCONT).</summary>
    public async Task ResumeAsync(CancellationToken cancellationToken)
    {
        await SignalAsync("CONT", cancellationToken);
    }

    /// <summary>While it is not running: cuts the append-only file off, as if its machine had died before syncing the rest.</summary>
    /// <param name="bytes">The length that is left.</param>
    public void TruncateAppendFile(long bytes)
    {
        using var file = new FileStream(AppendFile, FileMode.Open, FileAccess.Write);
        file.SetLength(bytes);
    }

    /// <summary>Sends a command with <c>redis-cli</c>.</summary>
    /// <returns>The answer, without the line's end.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task<string> CommandAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        List<string> arguments = ["-e", "-p", Port.ToString(CultureInfo.InvariantCulture)];
        if (_settings.Password is { } password)
        {
            arguments.AddRange(["--no-auth-warning", "-a", password]);
        }

        if (_settings.UseTls)
        {
            arguments.AddRange(["--tls", "--cacert", CertificateAuthorityFile]);
        }

        return await RunAsync(Client, [.. arguments, .. command], cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <returns>Null when it takes connections; what it said when it ended instead.</returns>
    private async Task<string?> TryStartAsync(CancellationToken cancellationToken)
    {
        var process = Process.Start(new ProcessStartInfo(Program, Arguments()) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Directory })!;
        _process = process;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StartTimeout);
        var output = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            output.Add(line);
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                // Whatever it says from now on must be read, or it would stop when the pipe is full.
                _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                return null;
            }
        }

        await KillAsync();
        return string.Join('\n', output);
    }

    private List<string> Arguments()
    {
        var port = Port.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            "--bind", "127.0.0.1", "--dir", Directory, "--save", "", "--appendonly", _settings.AppendOnly ? "yes" : "no", "--appendfsync", _settings.AppendSync,
            "--maxmemory-policy", _settings.Eviction,
        ];
        if (_settings.Password is { } password)
        {
            arguments.AddRange(["--requirepass", password]);
        }

        if (_settings.UseTls)
        {
            arguments.AddRange(
            [
                "--port", "0", "--tls-port", port, "--tls-auth-clients", "no", "--tls-ca-cert-file", CertificateAuthorityFile,
                "--tls-cert-file", Path.Combine(Directory, RedisCertificates.CertificateFile), "--tls-key-file", Path.Combine(Directory, RedisCertificates.KeyFile),
            ]);
        }
        else
        {
            arguments.AddRange(["--port", port]);
        }

        if (_settings.IsClusterNode)
        {
            arguments.AddRange(["--cluster-enabled", "yes", "--cluster-port", ClusterPort.ToString(CultureInfo.InvariantCulture)]);
        }

        arguments.AddRange(_settings.Arguments);
        return arguments;
    }

    private async Task SignalAsync(string signal, CancellationToken cancellationToken)
    {
        var process = _process ?? throw new InvalidOperationException($"{Program} is not running.");
        await RunAsync("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)], cancellationToken);
    }

    private static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? output.TrimEnd()
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed: {output}{await error}");
    }

    private static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, program)));
}
