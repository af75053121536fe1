namespace Metering.Core;

/// <summary>
/// How a command ended. Of several reasons to refuse the first in this order is given. The numbers of rules that a recorded charge
/// may pass are encoded in its entry: they never change meaning.
/// </summary>
public enum Outcome
{
    Done = 0,
    AccountNotFound = 3,
    GrantNotFound = 4,
    ChargeNotFound = 5,
    HoldNotFound = 6,
    BudgetNotFound = 7,
    RateCardNotFound = 8,
    IdReused = 9,
    AccountClosed = 10,
    HoldClosed = 11,
    HoldExpired = 12,
    HoldsOpen = 13,
    AccountFrozen = 14,
    MeterNotAllowed = 15,
    ChargeTooLarge = 16,
    DimensionRequired = 17,
    UnknownMeter = 18,
    NoPrice = 19,
    TooOld = 20,
    InFuture = 21,
    OutOfRange = 22,
    ExceedsCharge = 23,
    RateLimited = 24,
    BudgetExceeded = 25,
    InsufficientCredits = 26,

    /// <summary>The account has as many open holds as it may.</summary>
    TooManyHolds = 27,

    /// <summary>The account has as many grants as it may.</summary>
    TooManyGrants = 40,

    /// <summary>The account has as many budgets as it may.</summary>
    TooManyBudgets = 41,

    /// <summary>The account knows as many producers as it may, all of them heard from lately.</summary>
    TooManyProducers = 42,

    /// <summary>A grant's <c>expiresAt</c> is not after the account's time: it could never be used.</summary>
    ExpiresInPast = 43,

    /// <summary>A recurring grant begins so long ago that its refills since then are more than can be recorded at once.</summary>
    TooManyRefills = 44,

    /// <summary>A hold placed as credits has no meter by which to settle a quantity.</summary>
    HoldHasNoMeter = 45,

    /// <summary>A charge that is not of exactly one line cannot be given back by quantity.</summary>
    ChargeHasNoSingleQuantity = 46,
}
