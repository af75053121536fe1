using System.Diagnostics;
using Metering.TestServers;
using Npgsql;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// A PostgreSQL on a free port with a directory of its own. It does not run as root, so as root it runs as the user <c>postgres</c> that its
/// package makes. Every commit is synchronous; memory and write-ahead log get room, so that checkpoints do not disturb.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";
    private const string Programs = "/usr/lib/postgresql";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(100);

    private readonly Process _process;
    private readonly string _directory;

    private PostgresServer(Process process, string directory, int port)
    {
        _process = process;
        _directory = directory;
        ConnectionString = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = User,
            Database = "postgres",
            MaxPoolSize = 100,
            NoResetOnClose = true,
            MaxAutoPrepare = 20,
            AutoPrepareMinUsages = 1,
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
        }.ConnectionString;
    }

    public string ConnectionString { get; }

    public int ProcessId => _process.Id;

    /// <summary>Starts one; installs it first when it is missing and this is root on Debian.</summary>
    /// <exception cref="InvalidOperationException">It is not there and cannot be installed, or did not start.</exception>
    public static async Task<PostgresServer> StartAsync(CancellationToken cancellationToken)
    {
        var programs = FindPrograms();
        if (programs is null && Environment.UserName == "root")
        {
            Console.WriteLine("Installing PostgreSQL …");
            await RunAsync("apt-get", ["install", "-y", "-qq", "postgresql"], cancellationToken);
            programs = FindPrograms();
        }

        if (programs is null)
        {
            throw new InvalidOperationException("There is no PostgreSQL here (on Debian: apt-get install postgresql).");
        }

        var directory = Directory.CreateTempSubdirectory("metering-postgres-").FullName;
        if (Environment.UserName == "root")
        {
            await RunAsync("chown", [User, directory], cancellationToken);
        }

        var data = Path.Combine(directory, "data");
        await RunAsUserAsync([Path.Combine(programs, "initdb"), "-D", data, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C"], cancellationToken);
        var port = FreePort.Next();
        string[] settings =
        [
            $"port={port}", "listen_addresses=127.0.0.1", $"unix_socket_directories={directory}", "fsync=on", "synchronous_commit=on", "shared_buffers=1GB",
            "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_buffers=64MB", "autovacuum=on", "jit=off", "max_connections=100",
        ];
        var start = AsUser([Path.Combine(programs, "postgres"), "-D", data, .. settings.SelectMany(setting => new[] { "-c", setting })]);
        start.RedirectStandardError = true;
        var process = Process.Start(start) ?? throw new InvalidOperationException("PostgreSQL did not start.");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var server = new PostgresServer(process, directory, port);
        try
        {
            await server.WaitReadyAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static string? FindPrograms() => Directory.Exists(Programs)
        ? Directory.GetDirectories(Programs).Select(version => Path.Combine(version, "bin")).LastOrDefault(programs => File.Exists(Path.Combine(programs, "initdb")))
        : null;

    private async Task WaitReadyAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString);
                await connection.OpenAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException) when (clock.Elapsed < StartTimeout && !_process.HasExited)
            {
                await Task.Delay(ProbeInterval, cancellationToken);
            }
        }
    }

    private static ProcessStartInfo AsUser(IReadOnlyList<string> command) => Environment.UserName == "root"
        ? new ProcessStartInfo("setpriv", [$"--reuid={User}", $"--regid={User}", "--clear-groups", .. command]) { WorkingDirectory = "/" }
        : new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = "/" };

    private static Task RunAsUserAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var start = AsUser(command);
        return RunAsync(start.FileName, start.ArgumentList, cancellationToken);
    }

    private static async Task RunAsync(string file, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{file} failed with {process.ExitCode}: {await output} {await error}");
        }
    }
}
