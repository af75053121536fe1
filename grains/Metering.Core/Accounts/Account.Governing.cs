using Metering.Core.Budgets;
using Metering.Core.Entries;
using Metering.Core.Policies;

namespace Metering.Core.Accounts;

/// <summary>What becomes of a command that has no answer of its own: the entry to apply, or none when there is nothing to change.</summary>
public readonly record struct Decision(Outcome Outcome, Entry? Entry = null);

public sealed partial class Account
{
    /// <summary>Creates the account or replaces its settings.</summary>
    public Decision DecideSettings(AccountSettings settings, DateTimeOffset now)
    {
        if (IsClosed)
        {
            return new Decision(Outcome.AccountClosed);
        }

        return _settings is not null && _settings.SaysTheSameAs(settings)
            ? new Decision(Outcome.Done)
            : new Decision(Outcome.Done, new SettingsChanged
            {
                Sequence = Sequence + 1,
                At = now,
                Balance = Balance,
                Available = Balance + settings.CreditLimit - Held,
                Settings = settings,
            });
    }

    /// <summary>Creates or replaces a budget.</summary>
    public Decision DecideBudget(BudgetTerms terms, DateTimeOffset now)
    {
        if (WhyNotOpen() is { } reason)
        {
            return new Decision(reason);
        }

        var known = _budgets.Find(terms.Id);
        if (known is null && _budgets.All.Count >= _limits.MaxBudgets)
        {
            return new Decision(Outcome.TooManyBudgets);
        }

        return known is not null && known.Terms.SaysTheSameAs(terms)
            ? new Decision(Outcome.Done)
            : new Decision(Outcome.Done, new BudgetChanged { Sequence = Sequence + 1, At = now, Balance = Balance, Available = Available, Terms = terms });
    }

    public Decision DecideRemoveBudget(string id, DateTimeOffset now)
    {
        if (WhyNotOpen() is { } reason)
        {
            return new Decision(reason);
        }

        return _budgets.Find(id) is null
            ? new Decision(Outcome.BudgetNotFound)
            : new Decision(Outcome.Done, new BudgetRemoved { Sequence = Sequence + 1, At = now, Balance = Balance, Available = Available, Budget = id });
    }

    public Decision DecidePolicy(PolicyTerms terms, DateTimeOffset now)
    {
        if (WhyNotOpen() is { } reason)
        {
            return new Decision(reason);
        }

        return _policy.Terms.SaysTheSameAs(terms)
            ? new Decision(Outcome.Done)
            : new Decision(Outcome.Done, new PolicyChanged { Sequence = Sequence + 1, At = now, Balance = Balance, Available = Available, Terms = terms });
    }

    /// <summary>Closes the account for good. Closing again changes nothing.</summary>
    public Decision DecideClose(DateTimeOffset now)
    {
        if (!Exists)
        {
            return new Decision(Outcome.AccountNotFound);
        }

        if (IsClosed)
        {
            return new Decision(Outcome.Done);
        }

        return _holds.Count > 0
            ? new Decision(Outcome.HoldsOpen)
            : new Decision(Outcome.Done, new Closed { Sequence = Sequence + 1, At = now, Balance = Balance, Available = Available });
    }

    private Outcome? WhyNotOpen() => !Exists ? Outcome.AccountNotFound : IsClosed ? Outcome.AccountClosed : null;
}
