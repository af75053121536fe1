namespace Metering.Client;

/// <summary>Why requests are refused. Of several reasons the first of this list is given.</summary>
public static class Codes
{
    /// <summary>The request is not well-formed; <see cref="Refusal.Errors"/> names each field.</summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary>The caller is not known.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>The caller may not do this.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>There is no such account.</summary>
    public const string AccountNotFound = "account_not_found";

    /// <summary>The account has no such grant.</summary>
    public const string GrantNotFound = "grant_not_found";

    /// <summary>The account remembers no such charge.</summary>
    public const string ChargeNotFound = "charge_not_found";

    /// <summary>The account remembers no such hold.</summary>
    public const string HoldNotFound = "hold_not_found";

    /// <summary>The account has no such budget.</summary>
    public const string BudgetNotFound = "budget_not_found";

    /// <summary>There is no such rate card, or not that version.</summary>
    public const string RateCardNotFound = "rate_card_not_found";

    /// <summary>The id was used for another request.</summary>
    public const string IdReused = "id_reused";

    /// <summary>The account is closed for good.</summary>
    public const string AccountClosed = "account_closed";

    /// <summary>The hold was settled or released.</summary>
    public const string HoldClosed = "hold_closed";

    /// <summary>The hold's time to live is over.</summary>
    public const string HoldExpired = "hold_expired";

    /// <summary>The account has open holds.</summary>
    public const string HoldsOpen = "holds_open";

    /// <summary>The account's policy says frozen.</summary>
    public const string AccountFrozen = "account_frozen";

    /// <summary>The policy does not allow the meter.</summary>
    public const string MeterNotAllowed = "meter_not_allowed";

    /// <summary>The policy does not allow so many credits at once.</summary>
    public const string ChargeTooLarge = "charge_too_large";

    /// <summary>The policy requires a dimension that is missing.</summary>
    public const string DimensionRequired = "dimension_required";

    /// <summary>The rate card has no such meter.</summary>
    public const string UnknownMeter = "unknown_meter";

    /// <summary>No price of the meter fits the dimensions.</summary>
    public const string NoPrice = "no_price";

    /// <summary>Too long ago: to be priced, or to tell whether it was done before.</summary>
    public const string TooOld = "too_old";

    /// <summary>The usage's time is too far ahead.</summary>
    public const string InFuture = "in_future";

    /// <summary>A result would be larger than an amount can be.</summary>
    public const string OutOfRange = "out_of_range";

    /// <summary>More would be given back than was charged.</summary>
    public const string ExceedsCharge = "exceeds_charge";

    /// <summary>A rate limit of the policy is used up for now.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>A blocking budget would go above its limit.</summary>
    public const string BudgetExceeded = "budget_exceeded";

    /// <summary>The available credits are too few.</summary>
    public const string InsufficientCredits = "insufficient_credits";

    /// <summary>The server has as much in work as it takes.</summary>
    public const string Overloaded = "overloaded";

    /// <summary>No answer came in time; the outcome is unknown.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The account's journal is damaged; an operator must mend it.</summary>
    public const string Quarantined = "quarantined";

    /// <summary>There is no such API key, or none that is still valid.</summary>
    public const string KeyNotFound = "key_not_found";

    /// <summary>The ledger keeps only sums by the minute of what would be needed.</summary>
    public const string DetailNotKept = "detail_not_kept";

    /// <summary>Without this API key no administrator could call any more.</summary>
    public const string LastAdminKey = "last_admin_key";
}
