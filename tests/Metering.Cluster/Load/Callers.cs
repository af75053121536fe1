using System.Diagnostics;
using System.Text.Json;

namespace Metering.Cluster.Load;

/// <summary>
/// Many callers at once, each with its own records: single operations of every kind on every account, batches of charges across accounts, readings.
/// What has no answer is sent again under the same id, also through another gateway, and now and then before there was time for an answer; a few
/// are given up, and stay unknown. Nothing is ever tried again under a new id.
/// </summary>
internal sealed class Callers : IDisposable
{
    private const int CallersPerAccount = 2;
    private const int BatchCallers = 3;
    private const int MaxChargesPerBatch = 30;
    private const int ImpatientPercent = 2;
    private const int GivingUpPercent = 3;

    /// <summary>Once told to stop, a caller still waits this long for the answer to its last request.</summary>
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TooShort = TimeSpan.FromMilliseconds(3);
    private static readonly TimeSpan PauseAfterLoss = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan MinSetupPatience = TimeSpan.FromSeconds(30);

    private readonly GatewayConnections _gateways;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly int _seed;
    private readonly TimeSpan _pause;
    private readonly List<string> _surprises = [];
    private int _answered;
    private int _sent;
    private int _unanswered;

    /// <param name="gateways">Where they call.</param>
    /// <param name="accounts">The accounts.</param>
    /// <param name="seed">What they choose.</param>
    /// <param name="pause">How long a caller thinks between two requests, on average.</param>
    public Callers(IEnumerable<Uri> gateways, IReadOnlyList<AccountRecord> accounts, int seed, TimeSpan pause)
    {
        _gateways = new GatewayConnections(gateways);
        Accounts = accounts;
        _seed = seed;
        _pause = pause;
    }

    public IReadOnlyList<AccountRecord> Accounts { get; }

    /// <summary>Since they began.</summary>
    public TimeSpan Now => _clock.Elapsed;

    public int Answered => Volatile.Read(ref _answered);

    /// <summary>Answers that no caller could make sense of.</summary>
    public IReadOnlyList<string> Surprises
    {
        get
        {
            lock (_surprises)
            {
                return [.. _surprises];
            }
        }
    }

    /// <summary>Makes accounts of every kind, several of each.</summary>
    public static IReadOnlyList<AccountRecord> NewAccounts(string prefix, int perKind) =>
        [.. Enumerable.Range(1, perKind).SelectMany(number => AccountKind.All.Select(kind => new AccountRecord(kind, $"{prefix}-{kind.Name}-{number}")))];

    /// <summary>Makes the accounts in the cluster.</summary>
    public async Task CreateAccountsAsync(TimeSpan refillIn) =>
        await Parallel.ForEachAsync(Accounts, async (account, _) => await account.CreateAsync(
            (method, path, body) => InsistAsync(method, path, body, MinSetupPatience), refillIn));

    /// <summary>Calls until told to stop; done when every caller has the answer to its last request, or has given up waiting.</summary>
    public Task RunAsync() => Task.WhenAll(
        Enumerable.Range(0, (Accounts.Count * CallersPerAccount) + BatchCallers).Select(caller => Task.Run(() => CallAsync(caller))));

    /// <summary>From now on they call here too.</summary>
    public void AddGateway(Uri gateway) => _gateways.Add(gateway);

    /// <summary>No new requests from here on.</summary>
    public void Stop()
    {
        _stop.Cancel();
        _abandon.CancelAfter(LastPatience);
    }

    /// <summary>Done when something sent after now has been answered for every account; the time it took.</summary>
    public async Task<TimeSpan> AllAnsweredSinceAsync(TimeSpan since, TimeSpan patience)
    {
        using var polls = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (Accounts.Any(account => !account.Operations.Any(operation => operation.FirstSentAt >= since && operation.Fate != Fate.Unknown)))
        {
            if (Now - since > patience)
            {
                return patience;
            }

            await polls.WaitForNextTickAsync();
        }

        return Now - since;
    }

    /// <summary>Sends until it is answered by something else than "later".</summary>
    /// <exception cref="TimeoutException">Nothing was, for so long.</exception>
    public async Task<Answer> InsistAsync(HttpMethod method, string path, object? body, TimeSpan patience)
    {
        using var cancel = new CancellationTokenSource(patience);
        for (var attempt = 0; ; attempt++)
        {
            var last = "";
            try
            {
                var answer = await _gateways.SendAsync(attempt, method, path, body, cancel.Token);
                if (answer.Status is not (429 or >= 500))
                {
                    return answer;
                }

                last = answer.ToString();
            }
            catch (Exception failure) when (GatewayConnections.IsLoss(failure))
            {
                last = failure.Message;
            }

            if (cancel.IsCancellationRequested)
            {
                throw new TimeoutException($"{method} {path} had no answer in {patience.TotalSeconds} s; the last: {last}");
            }

            await Task.Delay(PauseAfterLoss, CancellationToken.None);
        }
    }

    public void Dispose()
    {
        _gateways.Dispose();
        _stop.Dispose();
        _abandon.Dispose();
    }

    private async Task CallAsync(int caller)
    {
        var chance = new Random(unchecked((_seed * 10_007) + caller));
        var gateway = caller;
        while (!_stop.IsCancellationRequested)
        {
            if (caller >= Accounts.Count * CallersPerAccount)
            {
                gateway = await ChargeManyAsync(gateway, chance);
            }
            else if (Accounts[caller % Accounts.Count] is var account && account.Next(chance) is { } operation)
            {
                gateway = await AskAsync(operation, gateway, chance);
            }
            else
            {
                gateway = await ReadAsync(account, gateway);
            }

            await Task.Delay(_pause * (0.5 + chance.NextDouble()), CancellationToken.None);
        }
    }

    private async Task<int> AskAsync(Operation operation, int gateway, Random chance)
    {
        Interlocked.Increment(ref _sent);
        operation.FirstSentAt = Now;
        for (var isLeftOpen = false; !_abandon.IsCancellationRequested; isLeftOpen = true)
        {
            if (await TrySendAsync(gateway, HttpMethod.Post, operation.Path, operation.Body, chance) is { } answer)
            {
                if (Hear(operation, answer.Body, isLeftOpen))
                {
                    return gateway;
                }
            }
            else
            {
                gateway++;
            }

            if (operation is ChargeOperation && chance.Next(100) < GivingUpPercent)
            {
                return gateway;
            }

            await Task.Delay(PauseAfterLoss, CancellationToken.None);
        }

        Interlocked.Increment(ref _unanswered);
        return gateway;
    }

    private async Task<int> ChargeManyAsync(int gateway, Random chance)
    {
        var charges = Enumerable.Range(0, chance.Next(1, MaxChargesPerBatch + 1)).Select(_ => Accounts[chance.Next(Accounts.Count)].NextCharge(chance)).ToList();
        Interlocked.Add(ref _sent, charges.Count);
        var now = Now;
        charges.ForEach(charge => (charge.FirstSentAt, charge.IsBatched) = (now, true));
        for (var isLeftOpen = false; !_abandon.IsCancellationRequested; isLeftOpen = true)
        {
            if (await TrySendAsync(gateway, HttpMethod.Post, "/v1/charges", new { charges = charges.Select(charge => charge.BatchedBody) }, chance) is { } answer)
            {
                if (answer.Body.ValueKind == JsonValueKind.Object && answer.Body.TryGetProperty("results", out var results))
                {
                    charges = [.. charges.Zip(results.EnumerateArray()).Where(pair => !Hear(pair.First, pair.Second, isLeftOpen)).Select(pair => pair.First)];
                }

                if (charges.Count == 0)
                {
                    return gateway;
                }
            }
            else
            {
                gateway++;
            }

            await Task.Delay(PauseAfterLoss, CancellationToken.None);
        }

        Interlocked.Add(ref _unanswered, charges.Count);
        return gateway;
    }

    private async Task<int> ReadAsync(AccountRecord account, int gateway)
    {
        var sentAt = Now;
        while (!_abandon.IsCancellationRequested)
        {
            if (await TrySendAsync(gateway, HttpMethod.Get, $"/v1/accounts/{account.Name}", null, chance: null) is { } answer)
            {
                if (answer.IsSuccess)
                {
                    account.Add(Reading.From(answer.Body, sentAt, Now));
                    return gateway;
                }
            }
            else
            {
                gateway++;
            }

            await Task.Delay(PauseAfterLoss, CancellationToken.None);
        }

        return gateway;
    }

    // Null when there was no answer.
    private async Task<Answer?> TrySendAsync(int gateway, HttpMethod method, string path, object? body, Random? chance)
    {
        var isImpatient = chance is not null && chance.Next(100) < ImpatientPercent;
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_abandon.Token);
        if (isImpatient)
        {
            cancel.CancelAfter(TooShort);
        }

        try
        {
            return await _gateways.SendAsync(gateway, method, path, body, cancel.Token);
        }
        catch (Exception failure) when (GatewayConnections.IsLoss(failure))
        {
            return null;
        }
    }

    private bool Hear(Operation operation, JsonElement answer, bool mayStillLand)
    {
        // A gateway that cannot even say what is wrong has not answered.
        if (answer.ValueKind != JsonValueKind.Object || !operation.Hear(answer, Now, mayStillLand))
        {
            return false;
        }

        Interlocked.Increment(ref _answered);
        operation.Account.Learn(operation);
        if (operation.Surprise is { } surprise)
        {
            lock (_surprises)
            {
                _surprises.Add($"{operation} {surprise}");
            }
        }

        return true;
    }
}
