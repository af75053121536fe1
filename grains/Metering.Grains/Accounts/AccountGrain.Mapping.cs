using Metering.Contracts;
using Metering.Core;
using Metering.Core.Accounts;

namespace Metering.Grains.Accounts;

/// <summary>From the core's outcomes to the codes that callers see: exhaustive, so that a new outcome will not compile until it is answered.</summary>
public sealed partial class AccountGrain
{
    private AccountView View(DateTimeOffset now) => AccountMapping.View(_account, now, _services.JournalOptions.Durability);

    /// <summary>What a caller hears of a refusal.</summary>
    /// <param name="outcome">The reason.</param>
    /// <param name="subject">What the request was about: the id, meter, grant, hold, charge or budget that the reason speaks of.</param>
    /// <param name="why">What more there is to say.</param>
    private Refusal Refuse(Outcome outcome, string subject, Shortfall why = default)
    {
        var card = _account.Exists ? _account.Settings.RateCard : "";
        return outcome switch
        {
            Outcome.Done => throw new InvalidOperationException("What was done is not refused."),
            Outcome.AccountNotFound => NotFoundAndLeave(),
            Outcome.GrantNotFound => Refuse(Code.GrantNotFound, $"The account has no grant {subject}."),
            Outcome.ChargeNotFound => Refuse(Code.ChargeNotFound, $"The account remembers no charge {subject}."),
            Outcome.HoldNotFound => Refuse(Code.HoldNotFound, $"The account has no hold {subject}."),
            Outcome.BudgetNotFound => Refuse(Code.BudgetNotFound, $"The account has no budget {subject}."),
            Outcome.RateCardNotFound => Refuse(Code.RateCardNotFound, $"The account's rate card {card} does not exist."),
            Outcome.IdReused => Refuse(Code.IdReused, $"Id {subject} was used for another request."),
            Outcome.AccountClosed => Refuse(Code.AccountClosed, "The account is closed."),
            Outcome.HoldClosed => Refuse(Code.HoldClosed, $"Hold {subject} was settled or released."),
            Outcome.HoldExpired => Refuse(Code.HoldExpired, $"Hold {subject} has expired."),
            Outcome.HoldsOpen => Refuse(Code.HoldsOpen, $"The account has {_account.Holds.Count} open holds."),
            Outcome.AccountFrozen => Refuse(Code.AccountFrozen, "The account's policy says frozen."),
            Outcome.MeterNotAllowed => Refuse(Code.MeterNotAllowed, "The account's policy does not allow a meter of this request."),
            Outcome.ChargeTooLarge => Refuse(Code.ChargeTooLarge, $"The account's policy allows {_account.Policy.Terms.MaximumCreditsPerCharge} credits in one request."),
            Outcome.DimensionRequired => Refuse(Code.DimensionRequired, $"The account's policy requires the dimensions {string.Join(", ", _account.Policy.Terms.RequiredDimensions)}."),
            Outcome.UnknownMeter => Refuse(Code.UnknownMeter, $"Rate card {card} has no meter {subject}."),
            Outcome.NoPrice => Refuse(Code.NoPrice, $"Rate card {card} has no price for this usage of meter {subject} at its time."),
            Outcome.TooOld => Refuse(Code.TooOld, "The usage is of a period that is closed, or so old that a retry of it could not be told apart."),
            Outcome.InFuture => Refuse(Code.InFuture, $"The usage is stamped more than {_options.Limits.MaxAhead.TotalMinutes:0} minutes ahead."),
            Outcome.OutOfRange => Refuse(Code.OutOfRange, "A quantity or an amount of credits would leave its range."),
            Outcome.ExceedsCharge => Refuse(Code.ExceedsCharge, $"Less than that is left of charge {subject} to give back."),
            Outcome.RateLimited when why.BeyondBurst => Refuse(Code.RateLimited, "The request is larger than the burst of the account's rate limit: it can never pass.") with { IsLasting = true },
            Outcome.RateLimited => Refuse(Code.RateLimited, "The account's rate limit does not let this much through now.") with { RetryAfter = why.RetryAfter ?? TimeSpan.FromSeconds(1) },
            Outcome.BudgetExceeded => Refuse(Code.BudgetExceeded, "A budget of the account would be exceeded.") with { Required = why.Required?.Value, Available = why.Available?.Value },
            Outcome.InsufficientCredits => Refuse(Code.InsufficientCredits, "The request needs more credits than are available to it.") with
            {
                Required = why.Required?.Value,
                Available = why.Available?.Value,
            },
            Outcome.TooManyHolds => Refuse(Code.Overloaded, $"The account has {_options.Limits.MaxOpenHolds} open holds, as many as it may.") with { RetryAfter = TimeSpan.FromSeconds(1) },
            Outcome.TooManyGrants => Refuse(Code.OutOfRange, $"The account has {_options.Limits.MaxGrants} grants, as many as it may."),
            Outcome.TooManyBudgets => Refuse(Code.OutOfRange, $"The account has {_options.Limits.MaxBudgets} budgets, as many as it may."),
            Outcome.TooManyProducers => Refuse(Code.OutOfRange, $"The account knows {_options.Limits.MaxProducers} producers, as many as it may."),
            Outcome.ExpiresInPast => Invalid("expiresAt", "in_past", "must be after now"),
            Outcome.TooManyRefills => Invalid("effectiveAt", "out_of_range", $"lies more than {_options.Limits.MaxRefillsAtOnce} refills back"),
            Outcome.HoldHasNoMeter => Invalid("quantity", "conflict", "the hold was placed as credits; settle it with credits"),
            Outcome.ChargeHasNoSingleQuantity => Invalid("quantity", "conflict", "the charge is not of one line with a quantity; give it back whole"),
        };
    }

    private Refusal Refuse(Code code, string detail) => new() { Code = code, Detail = detail, Account = Id };

    private Refusal Invalid(string path, string code, string message) => Refusal.Invalid([new FieldFault(path, code, message)]) with { Account = Id };
}
