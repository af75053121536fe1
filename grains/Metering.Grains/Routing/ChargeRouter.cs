using Metering.Contracts;
using Metering.Grains.Accounts;

namespace Metering.Grains.Routing;

/// <summary>
/// Charges accounts that are active here on the caller's own thread, under each account's turn lock, and waits once for the records that hold
/// them; sends the others on as ordinary grain calls.
/// </summary>
/// <remarks>
/// A grain call costs more than a charge does: a message, a place in a queue and two changes of thread. A batch handled here costs them once, at its
/// commit. What makes it safe is the account's lock alone (see <see cref="AccountGrain"/>); where an account lives is still Orleans' to say.
/// </remarks>
internal sealed class ChargeRouter(LocalAccounts accounts, IGrainFactory grains) : IChargeRouter
{
    public Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge)
    {
        if (accounts.TryGet(account, out var grain))
        {
            var answer = default(Answer<ChargeReply>);
            if (grain.TryCharge([new RoutedCharge(account, charge)], new Span<Answer<ChargeReply>>(ref answer), out var settled))
            {
                return settled.IsCompletedSuccessfully ? Task.FromResult(answer) : AfterCommit(grain, answer, settled);
            }
        }

        return grains.GetGrain<IAccountGrain>(account).Charge(charge);
    }

    public async Task<Answer<ChargeReply>[]> Charge(RoutedCharge[] charges)
    {
        var answers = new Answer<ChargeReply>[charges.Length];
        var unsettled = new List<Run>();
        var elsewhere = default(Dictionary<string, List<int>>);
        for (var start = 0; start < charges.Length;)
        {
            var account = charges[start].Account;
            var count = 1;
            while (start + count < charges.Length && charges[start + count].Account == account)
            {
                count++;
            }

            // Once one of its charges went by call, the later ones must not overtake it.
            var placesElsewhere = elsewhere?.GetValueOrDefault(account);
            if (placesElsewhere is null
                && accounts.TryGet(account, out var grain)
                && grain.TryCharge(charges.AsSpan(start, count), answers.AsSpan(start, count), out var settled))
            {
                if (!settled.IsCompletedSuccessfully)
                {
                    unsettled.Add(new Run(grain, settled, start, count));
                }
            }
            else
            {
                placesElsewhere ??= (elsewhere ??= new(StringComparer.Ordinal))[account] = [];
                placesElsewhere.AddRange(Enumerable.Range(start, count));
            }

            start += count;
        }

        if (elsewhere is not null)
        {
            await Task.WhenAll(elsewhere.Select(pair => CallAsync(pair.Key, pair.Value, charges, answers)));
        }

        await SettleAsync(unsettled, answers);
        return answers;
    }

    private static async Task<Answer<ChargeReply>> AfterCommit(AccountGrain grain, Answer<ChargeReply> answer, Task settled)
    {
        await settled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return settled.IsCompletedSuccessfully ? answer : grain.LostAnswer();
    }

    /// <summary>No answer leaves before what it depends on is durable. Neighbours share a record, so most wait for the same task.</summary>
    private static async Task SettleAsync(List<Run> unsettled, Answer<ChargeReply>[] answers)
    {
        foreach (var run in unsettled)
        {
            if (!run.Settled.IsCompletedSuccessfully)
            {
                await run.Settled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!run.Settled.IsCompletedSuccessfully)
                {
                    answers.AsSpan(run.Start, run.Count).Fill(run.Grain.LostAnswer());
                }
            }
        }
    }

    private async Task CallAsync(string account, List<int> places, RoutedCharge[] charges, Answer<ChargeReply>[] answers)
    {
        var replies = await grains.GetGrain<IAccountGrain>(account).ChargeMany([.. places.Select(place => charges[place].Charge)]);
        for (var i = 0; i < places.Count; i++)
        {
            answers[places[i]] = replies[i];
        }
    }

    /// <summary>Neighbouring charges of one account whose record is still on its way.</summary>
    private readonly record struct Run(AccountGrain Grain, Task Settled, int Start, int Count);
}
