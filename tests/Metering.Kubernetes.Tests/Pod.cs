using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace Metering.Kubernetes.Tests;

/// <summary>
/// A container's process on this machine, with exactly the environment it is given. As root on Linux it also runs as in the container: as the image's user, without privileges, with nothing to
/// write to but a <c>/tmp</c> of its own.
/// </summary>
internal sealed class Pod : IAsyncDisposable
{
    private const string Application = "/srv";

    /// <summary>Where a pod finds the token and the authority of the API server.</summary>
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Of the image's user.</summary>
    private const string Home = "/home/app";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private Pod(Process process, IPAddress address)
    {
        _process = process;
        Address = address;
        process.OutputDataReceived += (_, line) => Heard(line.Data);
        process.ErrorDataReceived += (_, line) => Heard(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where it listens, at the ports of the manifests.</summary>
    internal IPAddress Address { get; }

    internal string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    internal bool HasExited => _process.HasExited;

    /// <summary>Whether processes can be confined here as containers are.</summary>
    internal static bool IsConfined { get; } = OperatingSystem.IsLinux() && Environment.UserName == "root" && CanUnshare();

    internal static Pod Start(string application, IReadOnlyList<string> entryPoint, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, IPAddress address, long user) =>
        Start(application, entryPoint, arguments, environment, address, user, serviceAccount: "");

    /// <summary>The same with the folder of a service account, which only a confined one sees in its place; empty where nothing is mounted.</summary>
    internal static Pod Start(
        string application, IReadOnlyList<string> entryPoint, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, IPAddress address, long user, string serviceAccount)
    {
        var start = IsConfined ? Confined(application, entryPoint, user, serviceAccount) : new ProcessStartInfo(entryPoint[0], entryPoint.Skip(1)) { WorkingDirectory = application };
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        start.Environment["HOME"] = Home;
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } root)
        {
            start.Environment["DOTNET_ROOT"] = root;
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new Pod(Process.Start(start)!, address);
    }

    /// <summary>Waits until a probe is answered with 200.</summary>
    internal async Task ProbedAsync(string path, int port, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        using var probes = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var last = "";
        try
        {
            do
            {
                if (HasExited)
                {
                    throw new InvalidOperationException($"It ended before {path} was answered: {Output}");
                }

                try
                {
                    using var response = await http.GetAsync(new Uri($"http://{Address}:{port}{path}"), timeout.Token);
                    last = $"{response.StatusCode} {await response.Content.ReadAsStringAsync(timeout.Token)}";
                    if (response.StatusCode == HttpStatusCode.OK)
                    {
                        return;
                    }
                }
                catch (HttpRequestException failure)
                {
                    last = failure.Message;
                }
            }
            while (await probes.WaitForNextTickAsync(timeout.Token));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{path} was not answered with 200 within {Patience.TotalSeconds} s; last: {last}. It printed: {Output}");
        }
    }

    /// <summary>As Kubernetes stops it: SIGTERM.</summary>
    /// <returns>Its exit code.</returns>
    internal async Task<int> StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(cancellationToken);
        return await EndedAsync(grace, cancellationToken);
    }

    internal async Task<int> EndedAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    // Everything becomes read-only, but a new /tmp; the published program is seen elsewhere, since it lies in the old one. Each program becomes the next, so signals reach the last.
    private static ProcessStartInfo Confined(string application, IReadOnlyList<string> entryPoint, long user, string serviceAccount) => new("unshare", [
        "--mount", "--", "/bin/sh", "-c",
        """{ [ -z "$4" ] || { mount -t tmpfs tmpfs /run && mkdir -p "$5" && mount --bind "$4" "$5"; }; } && mount --bind "$1" "$2" && mount -t tmpfs -o mode=1777 tmpfs /tmp && mount -o remount,bind,ro "$2" && mount -o remount,bind,ro / && cd "$2" && user=$3 && shift 5 && exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@" """,
        "sh", application, Application, user.ToString(CultureInfo.InvariantCulture), serviceAccount, ServiceAccount, .. entryPoint]);

    private static bool CanUnshare()
    {
        try
        {
            using var trial = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--", "/bin/sh", "-c", "mount -t tmpfs tmpfs /tmp && mount -o remount,bind,ro / && command -v setpriv"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            trial.WaitForExit();
            return trial.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private void Heard(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
