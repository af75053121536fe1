using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Metering.Client;
using Metering.Cluster.Checking;
using Metering.Cluster.Processes;

namespace Metering.Cluster.Load;

/// <summary>
/// Callers as customers are: they use the client library as it comes, know one address for all gateways, and do nothing themselves about what fails. What they were told they keep, to be compared with their accounts.
/// </summary>
internal sealed class LibraryCallers : IAsyncDisposable
{
    private const int Clients = 4;
    private const int CallersPerClient = 12;
    private const int Accounts = 16;
    private const decimal Funds = 1_000_000m;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly GatewayBalancer _balancer;
    private readonly MeteringClient[] _clients;
    private readonly string _prefix;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<(int Account, long Quantity, decimal Credits, TimeSpan Took)> _charged = [];
    private readonly ConcurrentBag<string> _failures = [];
    private Task _running = Task.CompletedTask;

    private LibraryCallers(LocalCluster cluster, string prefix)
    {
        _balancer = new GatewayBalancer(cluster.Gateways.Select(static gateway => gateway.Grpc));
        _clients = [.. Enumerable.Range(0, Clients).Select(_ => new MeteringClient(_balancer.Address, new MeteringClientOptions { Key = GatewayProcess.AdminKey }))];
        _prefix = prefix;
    }

    /// <summary>What did not end with a reply, in words.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>What they were told that they used.</summary>
    public IEnumerable<UsageLine> Used => _charged.Select(charge => new UsageLine(Name(charge.Account), AccountKind.Tokens, "", charge.Quantity, charge.Credits));

    /// <summary>Makes their accounts and begins to charge them.</summary>
    /// <param name="cluster">Where.</param>
    /// <param name="prefix">Of their accounts' ids, not used before.</param>
    public static async Task<LibraryCallers> BeginAsync(LocalCluster cluster, string prefix)
    {
        var callers = new LibraryCallers(cluster, prefix);
        await Task.WhenAll(Enumerable.Range(0, Accounts).Select(async account =>
        {
            Reply(await callers._clients[0].PutAccountAsync(callers.Name(account), new AccountSettings()));
            Reply(await callers._clients[0].AddGrantAsync(callers.Name(account), new Grant { Id = "start", Amount = Funds }));
        }));
        callers._running = Task.WhenAll(Enumerable.Range(0, Clients * CallersPerClient).Select(caller => Task.Run(() => callers.ChargeAsync(caller))));
        return callers;
    }

    /// <summary>Done when each has the answer to its last charge.</summary>
    public Task EndAsync()
    {
        _stop.Cancel();
        return _running;
    }

    /// <summary>Accounts that do not have exactly what was acknowledged, in words.</summary>
    public async Task<IReadOnlyList<string>> WrongAccountsAsync()
    {
        var credits = _charged.ToLookup(static charge => charge.Account, static charge => charge.Credits);
        var wrong = new List<string>();
        for (var account = 0; account < Accounts; account++)
        {
            var (balance, expected) = (Reply(await _clients[0].GetAccountAsync(Name(account))).Balance, Funds - credits[account].Sum());
            if (balance != expected)
            {
                wrong.Add(string.Create(CultureInfo.InvariantCulture, $"By what the client library was told {Name(account)} has {expected} left, and it has {balance}."));
            }
        }

        return wrong;
    }

    public override string ToString()
    {
        var took = _charged.Select(static charge => charge.Took.TotalSeconds).Order().ToArray();
        return took.Length == 0
            ? "the client library: no charge answered"
            : string.Create(CultureInfo.InvariantCulture, $"the client library: {took.Length:N0} charges, {_failures.Count} failed, p50 {At(0.5):F3} s, p99 {At(0.99):F3} s, p99.9 {At(0.999):F2} s, longest {took[^1]:F2} s");

        double At(double share) => took[Math.Min(took.Length - 1, (int)Math.Ceiling(share * took.Length) - 1)];
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        await _balancer.DisposeAsync();
        _stop.Dispose();
    }

    private static T Reply<T>(Answer<T> answer)
        where T : class => answer.Reply ?? throw new InvalidOperationException($"The cluster refused: {answer.Refusal}");

    private string Name(int account) => $"{_prefix}-{account}";

    private async Task ChargeAsync(int caller)
    {
        var account = caller % Accounts;
        for (var number = 0; !_stop.IsCancellationRequested; number++)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                var quantity = 1 + (number % 7);
                var answer = await _clients[caller % Clients].ChargeAsync(Name(account), Charge.Of($"{caller}-{number}", AccountKind.Tokens, quantity));
                if (answer.Reply is { } reply)
                {
                    _charged.Add((account, quantity, reply.Credits, Stopwatch.GetElapsedTime(began)));
                }
                else
                {
                    _failures.Add($"{answer.Refusal!.Code}: {answer.Refusal.Detail}");
                }
            }
            catch (MeteringException unanswered)
            {
                _failures.Add(unanswered.Message);
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }
}
