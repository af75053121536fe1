using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Core.Charges;
using GrantOutcome = Metering.Core.Accounts.GrantOutcome;

namespace Metering.Grains.Accounts;

/// <summary>From the core's outcomes to the codes that callers see: exhaustive, so that a new outcome will not compile until it is answered.</summary>
public sealed partial class AccountGrain
{
    private AccountView View() => new()
    {
        Account = Id,
        Settings = AccountMapping.Settings(_account.Settings),
        Balance = _account.Balance.Value,
        Available = _account.Available.Value,
        Held = _account.Held.Value,
        Overage = _account.Overage.Value,
        Sequence = _account.Sequence,
        CreatedAt = _account.CreatedAt,
        Grants = [.. _account.Grants.Select(AccountMapping.Grant)],
        Durability = _journalOptions.Durability,
    };

    private Answer<GrantReply> Granted(string id, GrantDecision decision)
    {
        if (decision.Entry is { } entry)
        {
            Commit(entry);
        }

        return decision.Outcome switch
        {
            GrantOutcome.Granted => AccountMapping.Reply(id, Contracts.GrantOutcome.Granted, decision.Answer!),
            GrantOutcome.Voided => AccountMapping.Reply(id, Contracts.GrantOutcome.Voided, decision.Answer!),
            GrantOutcome.AccountNotFound => NotFoundAndLeave(),
            GrantOutcome.GrantNotFound => Refuse(Code.GrantNotFound, $"The account has no grant {id}."),
            GrantOutcome.IdReused => Refuse(Code.IdReused, $"Grant {id} exists with other terms."),
            GrantOutcome.ExpiresInPast => Refusal.Invalid([new FieldFault("expiresAt", "in_past", "must be after now")]) with { Account = Id },
            GrantOutcome.CreditsOutOfRange => Refuse(Code.OutOfRange, "The account's credits would leave the range of an amount."),
            GrantOutcome.TooManyGrants => Refuse(Code.OutOfRange, $"The account has {_options.Limits.MaxGrants} grants, as many as it may."),
        };
    }

    private Refusal Refused(ChargeRequest charge, ChargeDecision decision) => decision.Outcome switch
    {
        ChargeOutcome.Charged => throw new InvalidOperationException("A charge that was taken is not refused."),
        ChargeOutcome.AccountNotFound => NotFoundAndLeave(),
        ChargeOutcome.RateCardNotFound => Refuse(Code.RateCardNotFound, $"The account's rate card {_account.Settings.RateCard} does not exist."),
        ChargeOutcome.IdReused => Refuse(Code.IdReused, $"Id {charge.Id} was used for another request."),
        ChargeOutcome.UnknownMeter => Refuse(Code.UnknownMeter, $"Rate card {_account.Settings.RateCard} has no meter {charge.Lines[decision.Line].Meter}."),
        ChargeOutcome.NoPrice => Refuse(Code.NoPrice, $"Rate card {_account.Settings.RateCard} has no price for this usage of meter {charge.Lines[decision.Line].Meter} at its time."),
        ChargeOutcome.TooOld => Refuse(Code.TooOld, "The usage is of a period that is closed, or so old that a retry of it could not be told apart."),
        ChargeOutcome.InFuture => Refuse(Code.InFuture, $"The usage is stamped more than {_options.Limits.MaxAhead.TotalMinutes:0} minutes ahead."),
        ChargeOutcome.OutOfRange => Refuse(Code.OutOfRange, "The usage or its price would leave the range of an amount."),
        ChargeOutcome.InsufficientCredits => Refuse(Code.InsufficientCredits, "The charge needs more credits than are available to it.") with
        {
            Required = decision.Required.Value,
            Available = decision.Available.Value,
        },
    };

    private Refusal Refuse(Code code, string detail) => new() { Code = code, Detail = detail, Account = Id };
}
