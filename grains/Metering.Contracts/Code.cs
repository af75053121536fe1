namespace Metering.Contracts;

/// <summary>
/// Why a request was refused. Closed, and ordered: of several reasons the first is given. On the wire a code is its
/// name in snake_case (<c>insufficient_credits</c>), which never changes meaning.
/// </summary>
public enum Code
{
    InvalidRequest = 0,
    Unauthenticated = 1,
    Forbidden = 2,
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
    Overloaded = 27,
    Unavailable = 28,
    Quarantined = 29,
    KeyNotFound = 30,

    /// <summary>The ledger keeps only sums of what would be needed (<see cref="LedgerDetail.Rollup"/>).</summary>
    DetailNotKept = 31,

    /// <summary>Without this key no administrator could call any more.</summary>
    LastAdminKey = 32,
}

public static class Codes
{
    /// <summary>Whether the cause passes by itself, unless <see cref="Refusal.IsLasting"/> says otherwise of a request.</summary>
    public static bool IsRetryable(this Code code) => code is Code.RateLimited or Code.Overloaded or Code.Unavailable;
}
