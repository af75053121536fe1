using Metering.Contracts;
using Metering.Core;

namespace Metering.Grains.Accounts;

/// <summary>Settings, grants, and what is read: each request is mapped, decided in one turn, and mapped back.</summary>
public sealed partial class AccountGrain
{
    public async Task<Answer<AccountView>> Put(AccountRequest settings)
    {
        if (settings.RateCard != AccountRequest.DefaultRateCard)
        {
            var (loaded, card) = await LoadCardAsync(settings.RateCard);
            if (!loaded)
            {
                return CardUnavailable();
            }

            if (card is null)
            {
                LeaveSoonIfUnknown();
                return new Refusal { Code = Code.RateCardNotFound, Detail = $"There is no rate card {settings.RateCard}.", Account = Id };
            }
        }

        return await Turn<AccountView>(now => Decided(_account.DecideSettings(AccountMapping.Settings(settings), now), "account") is { } refusal
            ? refusal
            : View(now));
    }

    Task<Answer<AccountView>> IAccountGrain.Get() => Turn<AccountView>(now => _account.Exists ? View(now) : NotFoundAndLeave());

    public Task<Answer<AccountView>> Close() => Turn<AccountView>(now =>
        Decided(_account.DecideClose(now), "account") is { } refusal ? refusal : View(now));

    public Task<Answer<GrantReply>> AddGrant(GrantRequest grant) => Turn<GrantReply>(now =>
    {
        var decision = _account.DecideGrant(AccountMapping.Grant(grant), now);
        return Decided(new(decision.Outcome, decision.Entry), grant.Id) is { } refusal
            ? refusal
            : AccountMapping.Reply(grant.Id, GrantOutcome.Granted, decision.Answer!);
    });

    public Task<Answer<GrantReply>> VoidGrant(string grant) => Turn<GrantReply>(now =>
    {
        var decision = _account.DecideVoid(grant, now);
        return Decided(new(decision.Outcome, decision.Entry), grant) is { } refusal
            ? refusal
            : AccountMapping.Reply(grant, GrantOutcome.Voided, decision.Answer!);
    });

    public Task<Answer<BudgetView>> PutBudget(BudgetRequest budget) => Turn<BudgetView>(now =>
        Decided(_account.DecideBudget(GovernanceMapping.Budget(budget), now), budget.Id) is { } refusal
            ? refusal
            : GovernanceMapping.View(_account.Budgets.Single(each => each.Terms.Id == budget.Id), now, _account.Settings.Period));

    public Task<Answer<BudgetView>> DeleteBudget(string budget) => Turn<BudgetView>(now =>
    {
        var before = _account.Budgets.SingleOrDefault(each => each.Terms.Id == budget);
        return Decided(_account.DecideRemoveBudget(budget, now), budget) is { } refusal
            ? refusal
            : GovernanceMapping.View(before!, now, _account.Settings.Period);
    });

    public Task<Answer<PolicyView>> PutPolicy(PolicyRequest policy) => Turn<PolicyView>(now =>
        Decided(_account.DecidePolicy(GovernanceMapping.Policy(policy), now), "policy") is { } refusal
            ? refusal
            : GovernanceMapping.View(_account.Policy, now));

    /// <summary>Commits what was decided; a refusal when it was to refuse.</summary>
    private Refusal? Decided(Core.Accounts.Decision decision, string subject)
    {
        if (decision.Entry is { } entry)
        {
            Commit(entry);
        }

        return decision.Outcome == Outcome.Done ? null : Refuse(decision.Outcome, subject);
    }
}
