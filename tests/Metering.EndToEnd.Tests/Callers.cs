using System.Diagnostics;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// Many callers at once, single charges and batches, half of them on one hot account. Each writes down a charge before it sends it and
/// what it heard after; a caller that gets no answer, or is told the server is unavailable, stops.
/// </summary>
internal sealed class Callers(IReadOnlyList<CallerAccount> accounts, string prefix, int seed)
{
    private const int SingleCallers = 24;
    private const int BatchCallers = 4;
    private const int MaxChargesPerBatch = 40;

    private readonly List<ChargeRecord> _records = [];
    private readonly List<(Func<int, TimeSpan, bool> Reached, TaskCompletionSource Signal)> _waits = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<string> _unavailable = [];
    private int _answered;
    private int _nextId;

    /// <summary>Everything sent; stable once <see cref="RunAsync"/> is done.</summary>
    public IReadOnlyList<ChargeRecord> Records => _records;

    /// <summary>Everything sent until now, while they call.</summary>
    public IReadOnlyList<ChargeRecord> RecordsSoFar()
    {
        lock (_records)
        {
            return [.. _records];
        }
    }

    /// <summary>The answers that said the server is unavailable.</summary>
    public IReadOnlyList<string> Unavailable => _unavailable;

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Done when so many charges have been answered.</summary>
    public Task AnsweredAsync(int count) => When((answered, _) => answered >= count);

    /// <summary>Done when a charge has been answered so long after the callers began.</summary>
    public Task AnsweredAfterAsync(TimeSpan elapsed) => When((_, at) => at >= elapsed);

    /// <summary>Calls until nobody is answered any more, or it is cancelled.</summary>
    public Task RunAsync(MeteringApi api, CancellationToken cancellationToken) => Task.WhenAll(
        Enumerable.Range(0, SingleCallers + BatchCallers)
            .Select(caller => Task.Run(() => CallAsync(caller, api, cancellationToken), CancellationToken.None)));

    private async Task CallAsync(int caller, MeteringApi api, CancellationToken cancellationToken)
    {
        var chance = new Random(unchecked((seed * 1_000) + caller));
        try
        {
            while (!cancellationToken.IsCancellationRequested
                && await (caller < SingleCallers ? ChargeOneAsync(api, chance, cancellationToken) : ChargeManyAsync(api, chance, cancellationToken)))
            {
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or TaskCanceledException)
        {
            // The server is gone, or took too long: what was under way stays unknown.
        }
    }

    private async Task<bool> ChargeOneAsync(MeteringApi api, Random chance, CancellationToken cancellationToken)
    {
        var record = NewRecord(chance);
        var reply = await api.ChargeAsync(record.Account.Name, record.Body, cancellationToken);
        return Hear([(record, reply.Body)], $"{reply}");
    }

    private async Task<bool> ChargeManyAsync(MeteringApi api, Random chance, CancellationToken cancellationToken)
    {
        var records = Enumerable.Range(0, chance.Next(1, MaxChargesPerBatch + 1)).Select(_ => NewRecord(chance)).ToList();
        var reply = await api.ChargeManyAsync(records.Select(record => record.BatchedBody), cancellationToken);
        if (!reply.IsSuccess)
        {
            return Hear(records.Select(record => (record, reply.Body)), $"{reply}");
        }

        var results = reply.Body.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(records.Count, results.Count);
        return Hear(records.Zip(results), $"{reply}");
    }

    private ChargeRecord NewRecord(Random chance)
    {
        // The first account is the hot one.
        var account = chance.Next(2) == 0 ? accounts[0] : accounts[chance.Next(accounts.Count)];
        var record = new ChargeRecord(account, $"{prefix}-{Interlocked.Increment(ref _nextId)}", chance.Next(1, account.MaxQuantity + 1));
        lock (_records)
        {
            _records.Add(record);
        }

        return record;
    }

    private bool Hear(IEnumerable<(ChargeRecord Record, JsonElement Answer)> answers, string reply)
    {
        var at = _clock.Elapsed;
        var heard = answers.Select(answer => answer.Record.Hear(answer.Answer, at)).ToList();
        if (heard.Contains(false))
        {
            lock (_unavailable)
            {
                _unavailable.Add(reply);
            }
        }

        var answered = Interlocked.Add(ref _answered, heard.Count(isAnswer => isAnswer));
        Signal(answered, at);
        return !heard.Contains(false);
    }

    private Task When(Func<int, TimeSpan, bool> reached)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_waits)
        {
            _waits.Add((reached, signal));
        }

        return signal.Task;
    }

    private void Signal(int answered, TimeSpan at)
    {
        lock (_waits)
        {
            foreach (var (_, signal) in _waits.Where(wait => wait.Reached(answered, at)))
            {
                signal.TrySetResult();
            }
        }
    }
}
