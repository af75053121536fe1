using System.Diagnostics;
using Metering.Contracts;
using Metering.Grains.Tests.Accounts;

namespace Metering.Grains.Tests.Placement;

/// <summary>
/// Calls every account all the time, as gateways do: what was not answered, or answered with "unavailable", is sent again under the same id. At the end each account must
/// have exactly what was acknowledged.
/// </summary>
internal sealed class Callers : IDisposable
{
    private const decimal Funds = 1_000_000m;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly SiloCluster _cluster;
    private readonly string[] _accounts;
    private readonly CancellationTokenSource _enough = new();
    private readonly List<Task<(string Account, int Charged, TimeSpan LongestGap)>> _running = [];

    private Callers(SiloCluster cluster, int accounts)
    {
        _cluster = cluster;
        _accounts = [.. Enumerable.Range(0, accounts).Select(number => $"account-{number}")];
    }

    internal int Retries;

    internal IReadOnlyList<string> Accounts => _accounts;

    /// <summary>The partitions that have any of the accounts.</summary>
    internal IEnumerable<int> Partitions => _accounts.Select(static account => AccountPartition.Of(account, SiloCluster.Partitions)).Distinct();

    public void Dispose() => _enough.Dispose();

    internal static async Task<Callers> StartAsync(SiloCluster cluster, int accounts)
    {
        var callers = new Callers(cluster, accounts);
        await Task.WhenAll(callers._accounts.Select(async account =>
        {
            (await callers.AnsweredAsync(() => cluster.Account(account).Put(new AccountRequest()))).Granted();
            (await callers.AnsweredAsync(() => cluster.Account(account).AddGrant(Requests.Grant(Funds)))).Granted();
        }));
        callers._running.AddRange(callers._accounts.Select(callers.CallAsync));
        return callers;
    }

    /// <summary>Stops calling, checks every account, and tells the longest time one had no answer.</summary>
    internal async Task<TimeSpan> SettleAsync()
    {
        await _enough.CancelAsync();
        var longest = TimeSpan.Zero;
        foreach (var (account, charged, gap) in await Task.WhenAll(_running))
        {
            var view = (await AnsweredAsync(() => _cluster.Account(account).Get())).Granted();
            Assert.Equal((account, Funds - charged, charged + 2L), (account, view.Balance, view.Sequence));
            longest = gap > longest ? gap : longest;
        }

        return longest;
    }

    private async Task<(string Account, int Charged, TimeSpan LongestGap)> CallAsync(string account)
    {
        var (charged, longest) = (0, TimeSpan.Zero);
        while (!_enough.IsCancellationRequested)
        {
            var began = Stopwatch.GetTimestamp();
            var id = $"c{charged}";
            var reply = (await AnsweredAsync(() => _cluster.Account(account).Charge(Requests.Calls(id, 1m)))).Granted();
            charged++;
            Assert.Equal((Funds - charged, charged + 2L), (reply.Balance, reply.Sequence));
            var gap = Stopwatch.GetElapsedTime(began);
            longest = gap > longest ? gap : longest;
        }

        return (account, charged, longest);
    }

    /// <summary>Sends a request until it is answered; the test's own timeout is the limit.</summary>
    internal async Task<Answer<T>> AnsweredAsync<T>(Func<Task<Answer<T>>> request)
        where T : class
    {
        while (true)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            try
            {
                var answer = await request();
                if (answer.Refusal is not { Code: Code.Unavailable })
                {
                    return answer;
                }
            }
            catch (Exception failure) when (failure is OrleansException or TimeoutException)
            {
                // No answer: whether it was charged is not known.
            }

            Interlocked.Increment(ref Retries);
            await Task.Delay(Pause, TestContext.Current.CancellationToken);
        }
    }
}
