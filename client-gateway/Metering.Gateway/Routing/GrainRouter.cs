using Metering.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Takes well-formed requests to the grains that own them. What a grain cannot answer (late, unreachable, overloaded) becomes the refusal
/// <see cref="Code.Unavailable"/> here, once, for both edges: its outcome is unknown, and the caller's retry with the same id finds it.
/// </summary>
internal sealed class GrainRouter(IGrainFactory grains, IOptions<GatewayOptions> options, ILogger<GrainRouter> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly TimeSpan _timeout = options.Value.GrainTimeout;

    public Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge) =>
        Ask(account, Account(account), charge, static (grain, charge) => grain.Charge(charge));

    public async Task<Answer<QuoteReply>> Quote(string account, ChargeRequest charge, RateCardDraft? draft)
    {
        var answer = await Ask(account, Account(account), (charge, draft), static (grain, it) => grain.Quote(it.charge, it.draft));

        // The grain finds faults in the draft, by their paths in it; in this body the draft has a field of its own.
        return draft is not null && answer.Refusal is { Code: Code.InvalidRequest, Errors.Count: > 0 } refusal
            ? Refusal.Invalid([.. refusal.Errors.Select(fault => fault with { Path = $"rateCard.{fault.Path}" })])
            : answer;
    }

    public Task<Answer<ChargeView>> GetCharge(string account, string id) =>
        Ask(account, Account(account), id, static (grain, id) => grain.GetCharge(id));

    public Task<Answer<AccountView>> PutAccount(string account, AccountRequest settings) =>
        Ask(account, Account(account), settings, static (grain, settings) => grain.Put(settings));

    public Task<Answer<AccountView>> GetAccount(string account) =>
        Ask(account, Account(account), 0, static (grain, _) => grain.Get());

    public Task<Answer<GrantReply>> AddGrant(string account, GrantRequest grant) =>
        Ask(account, Account(account), grant, static (grain, grant) => grain.AddGrant(grant));

    public Task<Answer<GrantReply>> VoidGrant(string account, string grant) =>
        Ask(account, Account(account), grant, static (grain, grant) => grain.VoidGrant(grant));

    public Task<Answer<HoldReply>> PlaceHold(string account, HoldRequest hold) =>
        Ask(account, Account(account), hold, static (grain, hold) => grain.PlaceHold(hold));

    public Task<Answer<SettleReply>> Settle(string account, SettleRequest settle) =>
        Ask(account, Account(account), settle, static (grain, settle) => grain.Settle(settle));

    public Task<Answer<SettleReply>> Release(string account, ReleaseRequest release) =>
        Ask(account, Account(account), release, static (grain, release) => grain.Release(release));

    public Task<Answer<ReversalReply>> Reverse(string account, ReversalRequest reversal) =>
        Ask(account, Account(account), reversal, static (grain, reversal) => grain.Reverse(reversal));

    public Task<Answer<BudgetView>> PutBudget(string account, BudgetRequest budget) =>
        Ask(account, Account(account), budget, static (grain, budget) => grain.PutBudget(budget));

    public Task<Answer<BudgetView>> DeleteBudget(string account, string budget) =>
        Ask(account, Account(account), budget, static (grain, budget) => grain.DeleteBudget(budget));

    public Task<Answer<PolicyView>> PutPolicy(string account, PolicyRequest policy) =>
        Ask(account, Account(account), policy, static (grain, policy) => grain.PutPolicy(policy));

    public Task<Answer<AccountView>> Close(string account) =>
        Ask(account, Account(account), 0, static (grain, _) => grain.Close());

    /// <summary>What happened after a sequence. The patience must leave the grain time to answer.</summary>
    public Task<Answer<WatchPage>> Watch(string account, long after, TimeSpan patience) =>
        Ask(account, Account(account), (after, patience), static (grain, it) => grain.Watch(it.after, it.patience));

    public Task<Answer<PublishReply>> Publish(string card, RateCardDraft draft) =>
        Ask(null, RateCard(card), draft, static (grain, draft) => grain.Publish(draft));

    public Task<Answer<RateCardView>> GetRateCard(string card, int? version) =>
        Ask(null, RateCard(card), version, static (grain, version) => grain.Get(version));

    /// <summary>A page of the accounts' ids.</summary>
    public Task<Answer<AccountPage>> ListAccounts(string prefix, string after, int limit) =>
        Ask(
            null,
            grains.GetGrain<IAccountDirectoryGrain>(0),
            (prefix, after, limit),
            static async (grain, it) => (Answer<AccountPage>)await grain.List(it.prefix, it.after, it.limit));

    /// <summary>Charges of one account, in order: as many answers as charges.</summary>
    public async Task<IReadOnlyList<Answer<ChargeReply>>> ChargeMany(string account, IReadOnlyList<ChargeRequest> charges)
    {
        try
        {
            var answers = await Account(account).ChargeMany(charges).WaitAsync(_timeout);
            return answers.Count == charges.Count
                ? answers
                : throw new InvalidOperationException($"{charges.Count} charges got {answers.Count} answers.");
        }
        catch (Exception exception)
        {
            var refusal = Unavailable(account, exception);
            return [.. charges.Select(_ => (Answer<ChargeReply>)refusal)];
        }
    }

    private IAccountGrain Account(string account) => grains.GetGrain<IAccountGrain>(account);

    private IRateCardGrain RateCard(string card) => grains.GetGrain<IRateCardGrain>(card);

    private async Task<Answer<T>> Ask<TGrain, TArgument, T>(
        string? account, TGrain grain, TArgument argument, Func<TGrain, TArgument, Task<Answer<T>>> call)
        where T : class
    {
        try
        {
            var answer = call(grain, argument);
            return await (answer.IsCompletedSuccessfully ? answer : answer.WaitAsync(_timeout));
        }
        catch (Exception exception)
        {
            return Unavailable(account, exception);
        }
    }

    private Refusal Unavailable(string? account, Exception exception)
    {
        if (exception is TimeoutException or OrleansException or OperationCanceledException)
        {
            logger.GrainUnavailable(exception);
        }
        else
        {
            logger.RequestFailed(exception);
        }

        return new Refusal
        {
            Code = Code.Unavailable,
            Detail = "No answer came in time. It may or may not have been done: send it again with the same id.",
            Account = account,
            RetryAfter = RetryAfter,
        };
    }
}
