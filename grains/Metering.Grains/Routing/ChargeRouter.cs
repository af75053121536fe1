using Metering.Contracts;
using Metering.Grains.Accounts;
using Microsoft.Extensions.Logging;

namespace Metering.Grains.Routing;

/// <summary>
/// Charges accounts that are active here on the caller's own thread, under each account's turn lock, and waits once for the records that hold
/// them; sends the others on as ordinary grain calls.
/// </summary>
/// <remarks>
/// A grain call costs more than a charge does: a message, a place in a queue and two changes of thread. A batch handled here costs them once, at its
/// commit. What makes it safe is the account's lock alone (see <see cref="AccountGrain"/>); where an account lives is still Orleans' to say.
/// </remarks>
internal sealed class ChargeRouter(LocalAccounts accounts, IGrainFactory grains, ILogger<ChargeRouter> logger) : IChargeRouter
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);

    public Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge)
    {
        if (accounts.TryGet(account, out var grain))
        {
            var prepared = PreparedCharge.From(charge);
            var answer = default(Answer<ChargeReply>);
            if (grain.TryCharge(new ReadOnlySpan<PreparedCharge>(in prepared), new Span<Answer<ChargeReply>>(ref answer), out var settled))
            {
                return settled.IsCompletedSuccessfully ? Task.FromResult(answer) : AfterCommit(grain, answer, settled);
            }
        }

        return grains.GetGrain<IAccountGrain>(account).Charge(charge);
    }

    public async Task<Answer<ChargeReply>[]> Charge(RoutedCharge[] charges)
    {
        var answers = new Answer<ChargeReply>[charges.Length];
        var unsettled = ChargeActive(charges, answers, out var elsewhere);
        if (elsewhere is not null)
        {
            await Task.WhenAll(elsewhere.Select(pair => CallAsync(pair.Key, pair.Value, charges, answers)));
        }

        await SettleAsync(unsettled, answers);
        return answers;
    }

    /// <summary>Charges the accounts that are active here, and leaves the others: their answers have neither a reply nor a refusal.</summary>
    internal async Task<Answer<ChargeReply>[]> ChargeHere(RoutedCharge[] charges)
    {
        var answers = new Answer<ChargeReply>[charges.Length];
        await SettleAsync(ChargeActive(charges, answers, out _), answers);
        return answers;
    }

    /// <param name="charges">Of any accounts; of one account in the order to be made.</param>
    /// <param name="answers">As many; not to be given before what is returned has settled.</param>
    /// <param name="elsewhere">The places of the charges that must go by call, by account; null when there are none.</param>
    private List<Run> ChargeActive(RoutedCharge[] charges, Answer<ChargeReply>[] answers, out Dictionary<string, List<int>>? elsewhere)
    {
        var prepared = Array.ConvertAll(charges, static routed => PreparedCharge.From(routed.Charge));
        var unsettled = new List<Run>();
        elsewhere = null;
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
                && grain.TryCharge(prepared.AsSpan(start, count), answers.AsSpan(start, count), out var settled))
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

        return unsettled;
    }

    private static async Task<Answer<ChargeReply>> AfterCommit(AccountGrain grain, Answer<ChargeReply> answer, Task settled) =>
        await grain.FailureAsync(settled) is { } lost ? lost : answer;

    /// <summary>No answer leaves before what it depends on is durable. Neighbours share a record, so most wait for the same task.</summary>
    private static async Task SettleAsync(List<Run> unsettled, Answer<ChargeReply>[] answers)
    {
        foreach (var run in unsettled)
        {
            if (!run.Settled.IsCompletedSuccessfully && await run.Grain.FailureAsync(run.Settled) is { } lost)
            {
                answers.AsSpan(run.Start, run.Count).Fill(lost);
            }
        }
    }

    private async Task CallAsync(string account, List<int> places, RoutedCharge[] charges, Answer<ChargeReply>[] answers)
    {
        try
        {
            var replies = await grains.GetGrain<IAccountGrain>(account).ChargeMany([.. places.Select(place => charges[place].Charge)]);
            for (var i = 0; i < places.Count; i++)
            {
                answers[places[i]] = replies[i];
            }
        }
        catch (Exception failure)
        {
            // One account that cannot be reached is no reason to keep the others' answers back.
            Log.AccountNotReached(logger, account, failure);
            places.ForEach(place => answers[place] = Unreached(account));
        }
    }

    private static Refusal Unreached(string account) => new()
    {
        Code = Code.Unavailable,
        Detail = "The account could not be reached, and whether this request took effect is not known: send it again with the same id.",
        Account = account,
        RetryAfter = RetryAfter,
    };

    /// <summary>Neighbouring charges of one account whose record is still on its way.</summary>
    private readonly record struct Run(AccountGrain Grain, Task Settled, int Start, int Count);
}
