namespace Metering.EndToEnd.Tests;

/// <summary>
/// A test that starts servers: each is ended afterwards, and its output shown when the test failed.
/// </summary>
public abstract class StandaloneTest : IAsyncDisposable
{
    private const int MaxConnections = 128;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly List<StandaloneProcess> _servers = [];
    private readonly List<MeteringApi> _apis = [];
    private readonly TemporaryDirectory _directory = new();

    private protected string DataDirectory => Path.Combine(_directory.Path, "data");

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private protected static void Say(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private protected StandaloneProcess Start(string? dataDirectory = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var server = StandaloneProcess.Start(dataDirectory ?? DataDirectory, settings);
        _servers.Add(server);
        return server;
    }

    private protected async Task<StandaloneProcess> StartReadyAsync(
        string? dataDirectory = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var server = Start(dataDirectory, settings);
        await server.WaitReadyAsync(Cancellation);
        return server;
    }

    private protected MeteringApi Call(StandaloneProcess server)
    {
        var api = new MeteringApi(server.BaseAddress, MaxConnections, AnswerTimeout, key: null);
        _apis.Add(api);
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var api in _apis)
        {
            api.Dispose();
        }

        foreach (var server in _servers)
        {
            // A paused process takes no other signal but this one and the kill.
            server.Continue();
            await server.DisposeAsync();
        }

        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            ShowLogs();
        }

        await CleanUpAsync();
        _directory.Dispose();
    }

    /// <summary>What must be undone once the servers are gone.</summary>
    private protected virtual ValueTask CleanUpAsync() => ValueTask.CompletedTask;

    private void ShowLogs()
    {
        foreach (var (server, number) in _servers.Select((server, index) => (server, index + 1)))
        {
            Say($"--- server {number} of {_servers.Count} said:");
            foreach (var line in server.Log)
            {
                Say(line);
            }
        }
    }
}
