using Metering.Contracts;
using Metering.Gateway.Audit;
using Metering.Gateway.Security;

namespace Metering.Gateway.Routing;

/// <summary>
/// What operators and administrators change, each change in the audit log, for both edges. What was there is read first, so two changes of one thing at the same time may both have been
/// found with the same before; the sequences in an account's entries tell their order.
/// </summary>
internal sealed class Administration(GrainRouter router, KeyRingCalls ring, KnownKeys keys, AuditTrail trail)
{
    public Task<Answer<AccountView>> PutAccount(Actor actor, string account, AccountRequest settings) => ChangeAccount(
        actor,
        new AuditedChange(AuditOperation.AccountPut, $"accounts/{account}", AuditDocuments.Settings(settings)),
        account,
        AuditDocuments.Account,
        () => router.PutAccount(account, settings),
        AuditDocuments.Account);

    public Task<Answer<AccountView>> Close(Actor actor, string account) => ChangeAccount(
        actor,
        new AuditedChange(AuditOperation.AccountClose, $"accounts/{account}", Requested: null),
        account,
        AuditDocuments.Account,
        () => router.Close(account),
        AuditDocuments.Account);

    // A grant that is there already is answered as it was, or refused: before it there is nothing.
    public Task<Answer<GrantReply>> AddGrant(Actor actor, string account, GrantRequest grant) => trail.Make(
        actor,
        new AuditedChange(AuditOperation.GrantAdd, $"accounts/{account}/grants/{grant.Id}", AuditDocuments.Grant(grant)),
        before: null,
        () => router.AddGrant(account, grant),
        reply => AuditDocuments.Grant(grant, reply));

    public Task<Answer<GrantReply>> VoidGrant(Actor actor, string account, string grant) => ChangeAccount(
        actor,
        new AuditedChange(AuditOperation.GrantVoid, $"accounts/{account}/grants/{grant}", Requested: null),
        account,
        view => AuditDocuments.Grant(view, grant),
        () => router.VoidGrant(account, grant),
        AuditDocuments.Reply);

    public Task<Answer<BudgetView>> PutBudget(Actor actor, string account, BudgetRequest budget) => ChangeAccount(
        actor,
        new AuditedChange(AuditOperation.BudgetPut, $"accounts/{account}/budgets/{budget.Id}", AuditDocuments.Budget(budget)),
        account,
        view => AuditDocuments.Budget(view, budget.Id),
        () => router.PutBudget(account, budget),
        static view => AuditDocuments.Budget(view.Budget));

    public Task<Answer<BudgetView>> DeleteBudget(Actor actor, string account, string budget) => ChangeAccount(
        actor,
        new AuditedChange(AuditOperation.BudgetDelete, $"accounts/{account}/budgets/{budget}", Requested: null),
        account,
        view => AuditDocuments.Budget(view, budget),
        () => router.DeleteBudget(account, budget),
        static _ => null);

    public Task<Answer<PolicyView>> PutPolicy(Actor actor, string account, PolicyRequest policy) => ChangeAccount(
        actor,
        new AuditedChange(AuditOperation.PolicyPut, $"accounts/{account}/policy", AuditDocuments.Policy(policy)),
        account,
        static view => AuditDocuments.Policy(view.Policy.Policy),
        () => router.PutPolicy(account, policy),
        static view => AuditDocuments.Policy(view.Policy));

    /// <summary>An operator's or an administrator's is a correction; one by a key that may only charge is usage, and in the ledger alone.</summary>
    public Task<Answer<ReversalReply>> Reverse(Actor actor, Role role, string account, ReversalRequest reversal) => role < Role.Operator
        ? router.Reverse(account, reversal)
        : trail.Make(
            actor,
            new AuditedChange(AuditOperation.ChargeReverse, $"accounts/{account}/charges/{reversal.Charge}/reversals/{reversal.Id}", AuditDocuments.Reversal(reversal)),
            before: null,
            () => router.Reverse(account, reversal),
            AuditDocuments.Reversal);

    public async Task<Answer<PublishReply>> Publish(Actor actor, string card, RateCardDraft draft)
    {
        var latest = await router.GetRateCard(card, version: null);
        return latest.Refusal is { Code: not Code.RateCardNotFound } refusal
            ? refusal
            : await trail.Make(
                actor,
                new AuditedChange(AuditOperation.RateCardPublish, $"rate-cards/{card}", AuditDocuments.RateCard(draft)),
                latest.Reply is { } view ? AuditDocuments.RateCard(view) : null,
                () => router.Publish(card, draft),
                AuditDocuments.RateCard);
    }

    public Task<Answer<ApiKey>> AddKey(Actor actor, ApiKey key) => trail.Make(
        actor, new AuditedChange(AuditOperation.KeyAdd, $"keys/{key.Id}", Requested: AuditDocuments.Key(key)), before: null, () => ring.Add(key), AuditDocuments.Key);

    public Task<Answer<ApiKey>> RotateKey(Actor actor, string id, byte[] sha256, TimeSpan overlap, bool isOnlyWayIn) =>
        ChangeKey(actor, new AuditedChange(AuditOperation.KeyRotate, $"keys/{id}", AuditDocuments.Rotation(overlap)), id, () => ring.Rotate(id, sha256, overlap, isOnlyWayIn));

    public Task<Answer<ApiKey>> RevokeKey(Actor actor, string id, bool isOnlyWayIn) =>
        ChangeKey(actor, new AuditedChange(AuditOperation.KeyRevoke, $"keys/{id}", Requested: null), id, () => ring.Revoke(id, isOnlyWayIn));

    /// <param name="actor">Who asks for it.</param>
    /// <param name="account">The account it is to read.</param>
    /// <param name="expiresAt">When it ends.</param>
    /// <param name="make">Makes it; not called when it cannot be written down.</param>
    public Task<Answer<CustomerToken>> MakeToken(Actor actor, string account, DateTimeOffset expiresAt, Func<Task<Answer<CustomerToken>>> make) => trail.Make(
        actor, new AuditedChange(AuditOperation.TokenMake, $"accounts/{account}/tokens", AuditDocuments.Token(account, expiresAt)), before: null, make, AuditDocuments.Token);

    private async Task<Answer<T>> ChangeAccount<T>(
        Actor actor, AuditedChange change, string account, Func<AccountView, string?> of, Func<Task<Answer<T>>> make, Func<T, string?> after)
        where T : class
    {
        var read = await router.GetAccount(account);
        return read.Refusal is { Code: not Code.AccountNotFound } refusal
            ? refusal
            : await trail.Make(actor, change, read.Reply is { } view ? of(view) : null, make, after);
    }

    private async Task<Answer<ApiKey>> ChangeKey(Actor actor, AuditedChange change, string id, Func<Task<Answer<ApiKey>>> make)
    {
        await keys.TryRead();
        var known = keys.Current.Reply?.View.Keys.FirstOrDefault(key => key.Id == id);
        return await trail.Make(actor, change, known is null ? null : AuditDocuments.Key(known), make, AuditDocuments.Key);
    }
}
