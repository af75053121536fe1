using System.Globalization;

namespace Metering.Benchmarks;

/// <summary>A server, which prices by its sample card, and a number of funded accounts, on a data directory of its own.</summary>
internal sealed class BenchmarkServer : IAsyncDisposable
{
    private const int MaxConcurrentSetups = 32;
    private const decimal GrantedCredits = 1_000_000_000m;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(1);

    private readonly TemporaryDirectory _directory = new();
    private readonly IReadOnlyDictionary<string, string> _settings;
    private MeteringApi? _api;

    private BenchmarkServer(IReadOnlyDictionary<string, string> settings)
    {
        _settings = settings;
        Process = StandaloneProcess.Start(DataDirectory, settings);
    }

    public StandaloneProcess Process { get; private set; }

    public string DataDirectory => Path.Combine(_directory.Path, "data");

    /// <summary>Where gRPC is answered, as its output says.</summary>
    public Uri GrpcAddress => new(Process.Log.Select(line => line.Trim()).Single(line => line.StartsWith("gRPC", StringComparison.Ordinal)).Split(' ')[^1]);

    public MeteringApi Api => _api ??= new MeteringApi(Process.BaseAddress, maxConnections: 256, AnswerTimeout, key: null);

    public static async Task<BenchmarkServer> StartAsync(
        int accounts, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? settings = null)
    {
        var server = new BenchmarkServer(settings ?? new Dictionary<string, string>());
        await server.Process.WaitReadyAsync(cancellationToken);
        await server.AddAccountsAsync(0, accounts, cancellationToken);
        return server;
    }

    public static string Account(int number) => $"bench-{number:D7}";

    public async Task AddAccountsAsync(int first, int count, CancellationToken cancellationToken)
    {
        var grant = new { id = "plan", amount = GrantedCredits.ToString(CultureInfo.InvariantCulture) };
        await ForEachAccountAsync(
            first,
            count,
            async (number, token) =>
            {
                var account = Account(number);
                Require(await Api.PutAccountAsync(account, new { }, token));
                Require(await Api.AddGrantAsync(account, grant, token));
            },
            cancellationToken);
    }

    /// <summary>Credits charged to all accounts together, as the accounts say.</summary>
    public async Task<decimal> ReadChargedAsync(int accounts, CancellationToken cancellationToken)
    {
        var charged = new decimal[accounts];
        await ForEachAccountAsync(
            0,
            accounts,
            async (number, token) => charged[number] = GrantedCredits - Require(await Api.GetAccountAsync(Account(number), token)).Amount("balance"),
            cancellationToken);
        return charged.Sum();
    }

    /// <summary>Starts a new process on the same data; it is not ready yet.</summary>
    public void Restart()
    {
        _api?.Dispose();
        _api = null;
        Process = StandaloneProcess.Start(DataDirectory, _settings);
    }

    public long DataBytes() => new DirectoryInfo(DataDirectory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        await Process.DisposeAsync();
        _directory.Dispose();
    }

    public static ApiReply Require(ApiReply reply) => reply.IsSuccess ? reply : throw new InvalidOperationException($"The server refused: {reply}");

    private static Task ForEachAccountAsync(int first, int count, Func<int, CancellationToken, Task> body, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            Enumerable.Range(first, count),
            new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentSetups, CancellationToken = cancellationToken },
            async (number, token) => await body(number, token));
}
