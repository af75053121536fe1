using System.Net.Http.Headers;
using System.Text.Json;
using Metering.Cluster.Checking;
using Metering.Cluster.Faults;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Load;

/// <summary>
/// More callers than a cluster with a slow store can serve, and none of them patient: whatever it was told, each sends its next charge at once. What they hear must be an answer or
/// a refusal that says when to come again.
/// </summary>
internal sealed class Flood : IDisposable
{
    private const int Accounts = 64;
    private const decimal Funds = 1_000_000_000m;

    private static readonly AccountKind Kind = AccountKind.All[0];
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly HttpClient[] _gateways;
    private readonly string _prefix;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, int> _surprises = [];
    private Task _running = Task.CompletedTask;
    private int _nextId;
    private int _acknowledged;
    private int _refused;

    private Flood(IEnumerable<Uri> gateways, string prefix)
    {
        _prefix = prefix;
        _gateways = [.. gateways.Select(Connect)];
    }

    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Those that heard 429 or 503, and when to come again.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>Anything else that was heard, and how often.</summary>
    public IReadOnlyList<string> Surprises
    {
        get
        {
            lock (_surprises)
            {
                return [.. _surprises.Select(static surprise => $"{surprise.Value} times: {surprise.Key}")];
            }
        }
    }

    /// <summary>Makes its accounts; nobody calls yet.</summary>
    public static async Task<Flood> PrepareAsync(LocalCluster cluster, Callers callers, string prefix)
    {
        var flood = new Flood(cluster.Gateways.Select(static gateway => gateway.Http), prefix);
        await Task.WhenAll(Enumerable.Range(0, Accounts).Select(async account =>
        {
            await callers.InsistAsync(HttpMethod.Put, flood.PathOf(account), new { }, Scene.Patience);
            await callers.InsistAsync(HttpMethod.Post, $"{flood.PathOf(account)}/grants", new { id = "start", amount = Funds.Text() }, Scene.Patience);
        }));
        return flood;
    }

    private static HttpClient Connect(Uri gateway) => new(new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = gateway,
        Timeout = AnswerTimeout,
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", GatewayProcess.AdminKey) },
    };

    /// <summary>Begins with so many callers.</summary>
    public void Begin(int callers) => _running = Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() => CallAsync(caller))));

    /// <summary>Ends when every caller has heard its last answer.</summary>
    public Task EndAsync()
    {
        _stop.Cancel();
        return _running;
    }

    /// <summary>The charges that the accounts have, all together: what became of those without an answer is not known otherwise.</summary>
    public async Task<List<UsageLine>> ReadChargesAsync(Callers callers)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, Accounts).Select(account => callers.InsistAsync(HttpMethod.Get, PathOf(account), null, Scene.Patience)));

        // The account's own entry, and its grant's.
        return [.. answers.SelectMany((answer, account) => Enumerable.Repeat(
            new UsageLine($"{_prefix}-{account}", Kind.Meter, "", 1m, Kind.PriceOf(1)), (int)answer.Body.GetProperty("sequence").GetInt64() - 2))];
    }

    public int Sent => Volatile.Read(ref _nextId);

    public void Dispose()
    {
        _stop.Dispose();
        Array.ForEach(_gateways, static gateway => gateway.Dispose());
    }

    private string PathOf(int account) => $"/v1/accounts/{_prefix}-{account}";

    private async Task CallAsync(int caller)
    {
        var gateway = _gateways[caller % _gateways.Length];
        var path = $"{PathOf(caller % Accounts)}/charges";
        while (!_stop.IsCancellationRequested)
        {
            var id = Interlocked.Increment(ref _nextId);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative))
            {
                Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new { id = $"f{id}", meter = Kind.Meter, quantity = "1", mode = "record" }))
                {
                    Headers = { ContentType = new("application/json") },
                },
            };
            await SendAsync(gateway, request);
            await Task.Delay(Pause);
        }
    }

    private async Task SendAsync(HttpClient gateway, HttpRequestMessage request)
    {
        try
        {
            using var response = await gateway.SendAsync(request);
            var status = (int)response.StatusCode;
            if (response.IsSuccessStatusCode)
            {
                Interlocked.Increment(ref _acknowledged);
            }
            else if (status is 429 or 503 && response.Headers.RetryAfter is not null)
            {
                Interlocked.Increment(ref _refused);
            }
            else
            {
                Surprise($"{status}, {(response.Headers.RetryAfter is null ? "without" : "with")} Retry-After: {await response.Content.ReadAsStringAsync()}");
            }
        }
        catch (Exception loss) when (GatewayConnections.IsLoss(loss))
        {
            Surprise(loss.Message);
        }
    }

    private void Surprise(string what)
    {
        lock (_surprises)
        {
            _surprises[what] = _surprises.GetValueOrDefault(what) + 1;
        }
    }
}
