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
internal sealed class ChargeRouter(LocalAccounts accounts, IGrainFactory grains, AccountServices services) : IChargeRouter
{
    /// <summary>Accounts whose memory is fetched before the first of them is charged: as much as stays near the processor meanwhile.</summary>
    private const int FetchedAhead = 16;

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
        var byAccount = new ChargesByAccount(charges);
        var unsettled = ChargeActive(byAccount, out var elsewhere);
        if (elsewhere is not null)
        {
            await Task.WhenAll(elsewhere.Select(account => CallAsync(byAccount, account)));
        }

        await SettleAsync(unsettled, byAccount);
        return byAccount.Answers();
    }

    /// <summary>Charges the accounts that are active here, and leaves the others: their answers have neither a reply nor a refusal.</summary>
    internal async Task<Answer<ChargeReply>[]> ChargeHere(RoutedCharge[] charges)
    {
        var byAccount = new ChargesByAccount(charges);
        await SettleAsync(ChargeActive(byAccount, out _), byAccount);
        return byAccount.Answers();
    }

    /// <param name="charges">Of any accounts. Their answers are not to be given before what is returned has settled.</param>
    /// <param name="elsewhere">The accounts whose charges must go by call; null when there are none.</param>
    private List<Run> ChargeActive(ChargesByAccount charges, out List<int>? elsewhere)
    {
        var prepared = charges.Prepare();
        var unsettled = new List<Run>(charges.Accounts);
        var grains = new AccountGrain?[Math.Min(FetchedAhead, charges.Accounts)];
        elsewhere = null;
        for (var first = 0; first < charges.Accounts; first += grains.Length)
        {
            var count = Math.Min(grains.Length, charges.Accounts - first);
            FetchAhead(charges, prepared, first, grains.AsSpan(0, count));
            for (var i = 0; i < count; i++)
            {
                var account = first + i;
                var (start, length) = charges.RangeOf(account);
                if (grains[i] is not { } grain || !grain.TryCharge(prepared.AsSpan(start, length), charges.AnswersOf(account), out var settled))
                {
                    (elsewhere ??= []).Add(account);
                }
                else if (!settled.IsCompletedSuccessfully)
                {
                    unsettled.Add(new Run(grain, settled, account));
                }
            }
        }

        return unsettled;
    }

    /// <summary>
    /// Finds the next accounts, and reads of each what its turn will read. One after another their turns would each wait for memory that is far away; here the processor waits for all of them at
    /// once.
    /// </summary>
    private void FetchAhead(ChargesByAccount charges, PreparedCharge[] prepared, int first, Span<AccountGrain?> grains)
    {
        for (var i = 0; i < grains.Length; i++)
        {
            _ = accounts.TryGet(charges.AccountOf(first + i), out grains[i]);
        }

        for (var i = 0; i < grains.Length; i++)
        {
            var (start, length) = charges.RangeOf(first + i);
            for (var charge = start; charge < start + length; charge++)
            {
                grains[i]?.FetchAhead(prepared[charge].Charge.Id);
            }
        }
    }

    private static async Task<Answer<ChargeReply>> AfterCommit(AccountGrain grain, Answer<ChargeReply> answer, Task settled)
    {
        await settled.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return settled.IsCompletedSuccessfully || await grain.FailureAsync(settled) is not { } lost ? answer : lost;
    }

    /// <summary>No answer leaves before what it depends on is durable. Neighbours share a record, so most wait for the same task.</summary>
    private static async Task SettleAsync(List<Run> unsettled, ChargesByAccount charges)
    {
        foreach (var run in unsettled)
        {
            if (!run.Settled.IsCompletedSuccessfully && await run.Grain.FailureAsync(run.Settled) is { } lost)
            {
                charges.AnswersOf(run.Account).Fill(lost);
            }
        }
    }

    private async Task CallAsync(ChargesByAccount charges, int account)
    {
        var id = charges.AccountOf(account);
        try
        {
            var answers = await grains.GetGrain<IAccountGrain>(id).ChargeMany(charges.RequestsOf(account));
            for (var i = 0; i < answers.Count; i++)
            {
                charges.AnswersOf(account)[i] = answers[i];
            }
        }
        catch (Exception failure)
        {
            // One account that cannot be reached is no reason to keep the others' answers back.
            services.Outages.AccountNotReached(id, failure);
            charges.AnswersOf(account).Fill(Unreached(id));
        }
    }

    private static Refusal Unreached(string account) => new()
    {
        Code = Code.Unavailable,
        Detail = "The account could not be reached, and whether this request took effect is not known: send it again with the same id.",
        Account = account,
        RetryAfter = RetryAfter,
    };

    /// <summary>The charges of one account whose record is still on its way.</summary>
    private readonly record struct Run(AccountGrain Grain, Task Settled, int Account);
}
