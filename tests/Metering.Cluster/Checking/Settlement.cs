using System.Collections.Concurrent;
using System.Text.Json;
using Metering.Cluster.Load;

namespace Metering.Cluster.Checking;

/// <summary>
/// Compares the accounts with what their callers wrote down, when the callers are at rest. What was never answered is asked once more; every account is worked
/// out from the records; then everything acknowledged is sent again, and must be told again as it was, changing nothing.
/// </summary>
internal sealed class Settlement(Callers callers)
{
    private const int MaxConcurrent = 32;
    private const int RetriesPerBatch = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Longer than an account's own timer takes to notice what is due.</summary>
    private static readonly TimeSpan DueMargin = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentBag<string> _faults = [];
    private int _lost;
    private int _doubled;

    public async Task<Verdict> RunAsync()
    {
        await ForEachAsync(
            callers.Accounts.SelectMany(account => account.Operations).Where(operation => operation.Fate == Fate.Unknown),
            async operation =>
            {
                var answer = await SendAgainAsync(operation);
                operation.Hear(answer.Body, callers.Now, mayStillLand: false);
            });
        await WaitUntilNothingIsDueAsync();

        var readings = new ConcurrentDictionary<AccountRecord, Reading>();
        await ForEachAsync(callers.Accounts, async account => readings[account] = await ReadAsync(account));
        foreach (var account in callers.Accounts)
        {
            if (AccountModel.Of(account, readings[account]).Doubled > 0)
            {
                await FindRefusedAsync(account);
            }

            Check(account, readings[account]);
        }

        await RetryAsync();
        await ForEachAsync(callers.Accounts, async account =>
        {
            var extra = (await ReadAsync(account)).Sequence - readings[account].Sequence;
            if (extra != 0)
            {
                Interlocked.Add(ref _doubled, (int)Math.Abs(extra));
                _faults.Add($"{account.Name}: {extra} entries came from sending again what had been acknowledged");
            }
        });

        var operations = callers.Accounts.SelectMany(account => account.Operations).ToList();
        return new Verdict(
            operations.Count,
            operations.Count(operation => operation.Fate == Fate.Done),
            _lost,
            _doubled,
            [.. _faults, .. callers.Surprises]);
    }

    private void Check(AccountRecord account, Reading last)
    {
        var model = AccountModel.Of(account, last);
        Interlocked.Add(ref _doubled, model.Doubled);
        foreach (var fault in model.Faults)
        {
            _faults.Add(fault);
        }

        var refills = account.Kind.Refill > 0m ? account.RefillsBy(DateTimeOffset.UtcNow) : 0;
        var expired = account.Operations.Count(operation => operation is HoldOperation { IsToExpire: true, Fate: Fate.Done });
        if (model.OwnEntries != refills + expired)
        {
            _faults.Add($"{account.Name}: {refills} refills and {expired} expiries were due, and it made {model.OwnEntries} entries by itself");
        }
    }

    /// <summary>An entry that nobody asked for may be of a charge whose caller was told that it was refused: then it is named.</summary>
    private async Task FindRefusedAsync(AccountRecord account)
    {
        var charges = account.Operations.OfType<ChargeOperation>().Where(charge => charge.Fate == Fate.Refused);
        await ForEachAsync(charges, async charge =>
        {
            var answer = await callers.InsistAsync(HttpMethod.Get, $"/v1/accounts/{account.Name}/charges/{charge.Id}", null, Patience);
            if (answer.IsSuccess)
            {
                _faults.Add($"{charge}, and was charged after all");
                charge.LandAfterAll(answer.Body);
            }
        });
    }

    private async Task RetryAsync()
    {
        var done = callers.Accounts.SelectMany(account => account.Operations).Where(operation => operation.Fate == Fate.Done).ToList();
        await ForEachAsync(done.OfType<ChargeOperation>().Chunk(RetriesPerBatch), async batch =>
        {
            var charges = batch.ToList();

            // Single results may still ask for patience.
            while (charges.Count > 0)
            {
                var answer = await callers.InsistAsync(HttpMethod.Post, "/v1/charges", new { charges = charges.Select(charge => charge.BatchedBody) }, Patience);
                charges = [.. charges.Zip(answer.Body.GetProperty("results").EnumerateArray()).Where(pair => !IsHeard(pair.First, pair.Second)).Select(pair => pair.First)];
            }
        });
        await ForEachAsync(done.Where(operation => operation is not ChargeOperation), async operation => IsHeard(operation, (await SendAgainAsync(operation)).Body));
    }

    private bool IsHeard(Operation operation, JsonElement answer)
    {
        if (answer.Code() is "unavailable" or "overloaded")
        {
            return false;
        }

        if (answer.Code() is { } code)
        {
            Interlocked.Increment(ref _lost);
            _faults.Add($"{operation} was acknowledged and is gone: {code}");
        }
        else if (!answer.GetProperty("replayed").GetBoolean())
        {
            Interlocked.Increment(ref _lost);
            _faults.Add($"{operation} was acknowledged and is gone: sent again, it happened again");
        }
        else if (operation.Differs(answer) is { } difference)
        {
            _faults.Add($"{operation} {difference}");
        }

        return true;
    }

    private async Task WaitUntilNothingIsDueAsync()
    {
        var dueAt = callers.Accounts.SelectMany(account => account.Operations).OfType<HoldOperation>()
            .Where(hold => hold is { IsToExpire: true, Fate: Fate.Done })
            .Select(hold => hold.ExpiresAt)
            .Concat(callers.Accounts.Select(account => account.RefillsAt).Where(refillsAt => refillsAt < DateTimeOffset.MaxValue))
            .Append(DateTimeOffset.UtcNow)
            .Max();
        var wait = dueAt - DateTimeOffset.UtcNow + DueMargin;
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
    }

    private Task<Answer> SendAgainAsync(Operation operation) => callers.InsistAsync(HttpMethod.Post, operation.Path, operation.Body, Patience);

    private async Task<Reading> ReadAsync(AccountRecord account)
    {
        var sentAt = callers.Now;
        var answer = await callers.InsistAsync(HttpMethod.Get, $"/v1/accounts/{account.Name}", null, Patience);
        return answer.IsSuccess
            ? Reading.From(answer.Body, sentAt, callers.Now)
            : throw new InvalidOperationException($"{account.Name} could not be read: {answer}");
    }

    private static Task ForEachAsync<T>(IEnumerable<T> items, Func<T, Task> body) =>
        Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrent }, async (item, _) => await body(item));
}
