using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Metering.TestServers;

/// <summary>
/// Azurite, the emulator of Azure Blob Storage, on a port and in a directory of its own. It can be killed, paused and started again over the same data.
/// </summary>
/// <remarks>
/// Azurite answers before it stores: what it keeps about blobs goes to its file every five seconds. Azure does not: its answer means that the bytes are safe. A test that kills
/// the emulator therefore starts it with <c>isDurable</c>, which loads a few lines into its process that store before each answer
/// (<see cref="AzuriteDurability"/>). They write the whole of what it knows each time, so it is slow when there are many blobs.
/// </remarks>
public sealed class AzuriteServer : IAsyncDisposable
{
    /// <summary>The version <c>./test</c> installs.</summary>
    public const string Version = "3.37.0";

    // The account and the key that every Azurite has, as its manual says.
    private const string Account = "devstoreaccount1";
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private const int SigStop = 19;
    private const int SigContinue = 18;

    private static readonly TimeSpan MaxStartTime = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-azurite-");
    private readonly bool _isDurable;
    private Process? _process;

    private AzuriteServer(bool isDurable) => _isDurable = isDurable;

    /// <summary>Why there can be no server, and how to get one; null when there can.</summary>
    public static string? Missing =>
        Script is null
            ? $"Azurite {Version} is missing: run ./test once, which installs it, or 'npm install --prefix {Folder} azurite@{Version}' (needs Node.js)."
            : Node is null ? "Azurite needs Node.js: install the package 'nodejs'." : null;

    public int Port { get; } = FreePort.Next();

    public string ConnectionString => ConnectionStringOf(new IPEndPoint(IPAddress.Loopback, Port));

    /// <summary>Where <c>./test</c> installs it.</summary>
    private static string Folder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "metering-tests",
        "azurite-" + Version);

    private static string? Script => Path.Combine(Folder, "node_modules", "azurite", "dist", "src", "blob", "main.js") is var script && File.Exists(script) ? script : null;

    private static string? Node => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, "node"))
        .FirstOrDefault(File.Exists);

    /// <summary>For Azure.Storage.Blobs.</summary>
    public static string ConnectionStringOf(IPEndPoint address) => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint=http://{address}/{Account};";

    /// <summary>The program and its arguments, for whoever starts it by themselves.</summary>
    /// <param name="directory">Where it keeps its data.</param>
    /// <param name="address">Where it listens.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="isDurable">Whether what it acknowledges survives a kill, as with Azure.</param>
    /// <exception cref="InvalidOperationException">It is <see cref="Missing"/>.</exception>
    public static IReadOnlyList<string> Command(string directory, IPAddress address, int port, bool isDurable)
    {
        if (Missing is { } why)
        {
            throw new InvalidOperationException(why);
        }

        string[] durability = isDurable ? ["--require", AzuriteDurability.WriteTo(directory)] : [];
        return
        [
            Node!, .. durability, Script!, "--silent", "--loose", "--skipApiVersionCheck", "--disableTelemetry", "--location", directory,
            "--blobHost", address.ToString(), "--blobPort", port.ToString(CultureInfo.InvariantCulture),
        ];
    }

    /// <summary>Starts a server without data, and waits until it answers.</summary>
    /// <param name="isDurable">Whether what it acknowledges survives a kill, as with Azure.</param>
    /// <exception cref="InvalidOperationException">It is <see cref="Missing"/>, or does not answer within a minute.</exception>
    public static async Task<AzuriteServer> StartAsync(bool isDurable)
    {
        var server = new AzuriteServer(isDurable);
        try
        {
            await server.RestartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it again over the same data and on the same port, after a kill.</summary>
    public async Task RestartAsync()
    {
        var command = Command(_directory.FullName, IPAddress.Loopback, Port, _isDurable);
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start) ?? throw new InvalidOperationException("Azurite did not start.");

        // Read, or a full pipe would stop it.
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await AnswersAsync(_process);
    }

    /// <summary>Kill -9.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
            _process = null;
        }
    }

    /// <summary>Stops it in its tracks (SIGSTOP): connections stay open, and nothing answers.</summary>
    public void Pause() => Signal(SigStop);

    /// <summary>Lets it go on (SIGCONT).</summary>
    public void Resume() => Signal(SigContinue);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _directory.Delete(recursive: true);
    }

    private void Signal(int signal)
    {
        var process = _process ?? throw new InvalidOperationException("Azurite is not running.");
        string[] arguments = [string.Create(CultureInfo.InvariantCulture, $"-{signal}"), process.Id.ToString(CultureInfo.InvariantCulture)];
        using var kill = Process.Start("kill", arguments);
        kill.WaitForExit();
    }

    private async Task AnswersAsync(Process process)
    {
        using var limit = new CancellationTokenSource(MaxStartTime);
        while (true)
        {
            try
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync("127.0.0.1", Port, limit.Token);

                // While nobody listens on a port that connections take for themselves, one can be connected to itself.
                if (((IPEndPoint)connection.Client.LocalEndPoint!).Port != Port)
                {
                    return;
                }
            }
            catch (SocketException) when (!process.HasExited)
            {
                // It gives no sign of readiness but this.
                await Task.Delay(50, limit.Token);
            }
            catch (SocketException cause)
            {
                throw new InvalidOperationException("Azurite ended as it started.", cause);
            }
        }
    }
}
