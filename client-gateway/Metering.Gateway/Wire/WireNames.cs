using Metering.Contracts;

namespace Metering.Gateway.Wire;

/// <summary>
/// What every enumerated value is called outside. The switches have no <c>_</c> arm: a value added to the contracts does
/// not compile until it has a name here.
/// </summary>
internal static class WireNames
{
    public static EnumNames<ChargeMode> ChargeModes { get; } = new(Of);

    /// <summary>The modes of a hold: one that already happened has nothing to hold.</summary>
    public static EnumNames<ChargeMode> HoldModes { get; } = new(Of, [ChargeMode.Enforce, ChargeMode.UpTo]);

    /// <summary>The modes of a settle: what was used is not cut.</summary>
    public static EnumNames<ChargeMode> SettleModes { get; } = new(Of, [ChargeMode.Enforce, ChargeMode.Record]);

    public static EnumNames<PeriodUnit> PeriodUnits { get; } = new(Of);
    public static EnumNames<GrantKind> GrantKinds { get; } = new(Of);
    public static EnumNames<PriceKind> PriceKinds { get; } = new(Of);
    public static EnumNames<ConversionRounding> Roundings { get; } = new(Of);
    public static EnumNames<BudgetWindow> BudgetWindows { get; } = new(Of);
    public static EnumNames<BudgetAction> BudgetActions { get; } = new(Of);
    public static EnumNames<PolicyRule> PolicyRules { get; } = new(Of);
    public static EnumNames<ChangeKind> ChangeKinds { get; } = new(Of);
    public static EnumNames<UsageWindow> UsageWindows { get; } = new(Of);
    public static EnumNames<UsageMeasure> UsageMeasures { get; } = new(Of);
    public static EnumNames<Role> Roles { get; } = new(Of);
    public static EnumNames<AuditOperation> AuditOperations { get; } = new(Of);

    public static string Of(ChargeMode mode) => mode switch
    {
        ChargeMode.Enforce => "enforce",
        ChargeMode.UpTo => "upTo",
        ChargeMode.Record => "record",
    };

    public static string Of(PeriodUnit unit) => unit switch
    {
        PeriodUnit.Hour => "hour",
        PeriodUnit.Day => "day",
        PeriodUnit.Week => "week",
        PeriodUnit.Month => "month",
        PeriodUnit.Year => "year",
    };

    public static string Of(UsageWindow window) => window switch
    {
        UsageWindow.Minute => "minute",
        UsageWindow.Hour => "hour",
        UsageWindow.Day => "day",
        UsageWindow.Month => "month",
    };

    public static string Of(UsageMeasure measure) => measure switch
    {
        UsageMeasure.Credits => "credits",
        UsageMeasure.Quantity => "quantity",
        UsageMeasure.Lines => "lines",
    };

    public static string Of(LedgerBreakReason reason) => reason switch
    {
        LedgerBreakReason.Missing => "missing",
        LedgerBreakReason.Changed => "changed",
    };

    public static string Of(UsageSource source) => source switch
    {
        UsageSource.Segments => "segments",
        UsageSource.Account => "account",
    };

    public static string Of(Durability durability) => durability switch
    {
        Durability.Journal => "journal",
        Durability.Periodic => "periodic",
    };

    public static string Of(GrantKind kind) => kind switch
    {
        GrantKind.Purchase => "purchase",
        GrantKind.Plan => "plan",
        GrantKind.Promotion => "promotion",
        GrantKind.Refund => "refund",
    };

    public static string Of(GrantStatus status) => status switch
    {
        GrantStatus.Pending => "pending",
        GrantStatus.Active => "active",
        GrantStatus.Expired => "expired",
        GrantStatus.Voided => "voided",
    };

    public static string Of(GrantOutcome outcome) => outcome switch
    {
        GrantOutcome.Granted => "granted",
        GrantOutcome.Voided => "voided",
    };

    public static string Of(PriceKind kind) => kind switch
    {
        PriceKind.PerUnit => "per_unit",
        PriceKind.Package => "package",
        PriceKind.Graduated => "graduated",
        PriceKind.Volume => "volume",
    };

    public static string Of(ConversionRounding rounding) => rounding switch
    {
        ConversionRounding.None => "none",
        ConversionRounding.Up => "up",
        ConversionRounding.Down => "down",
        ConversionRounding.HalfUp => "half_up",
    };

    public static string Of(AdjustmentKind kind) => kind switch
    {
        AdjustmentKind.Cap => "cap",
        AdjustmentKind.Discount => "discount",
        AdjustmentKind.Minimum => "minimum",
        AdjustmentKind.Maximum => "maximum",
        AdjustmentKind.Flat => "flat",
        AdjustmentKind.Repricing => "repricing",
    };

    public static string Of(AccountStatus status) => status switch
    {
        AccountStatus.Open => "open",
        AccountStatus.Frozen => "frozen",
        AccountStatus.Closed => "closed",
    };

    public static string Of(SettleOutcome outcome) => outcome switch
    {
        SettleOutcome.Settled => "settled",
        SettleOutcome.Released => "released",
    };

    public static string Of(BudgetWindow window) => window switch
    {
        BudgetWindow.Hour => "hour",
        BudgetWindow.Day => "day",
        BudgetWindow.Week => "week",
        BudgetWindow.Month => "month",
        BudgetWindow.Period => "period",
        BudgetWindow.Total => "total",
    };

    public static string Of(BudgetAction action) => action switch
    {
        BudgetAction.Alert => "alert",
        BudgetAction.Block => "block",
    };

    public static string Of(PolicyRule rule) => rule switch
    {
        PolicyRule.AllowedMeters => "allowedMeters",
        PolicyRule.BlockedMeters => "blockedMeters",
        PolicyRule.RequiredDimensions => "requiredDimensions",
        PolicyRule.MaximumCreditsPerCharge => "maximumCreditsPerCharge",
        PolicyRule.RateLimits => "rateLimits",
        PolicyRule.Frozen => "frozen",
    };

    public static string Of(ChangeKind kind) => kind switch
    {
        ChangeKind.SettingsChanged => "settings_changed",
        ChangeKind.GrantAdded => "grant_added",
        ChangeKind.GrantActivated => "grant_activated",
        ChangeKind.GrantExpired => "grant_expired",
        ChangeKind.GrantVoided => "grant_voided",
        ChangeKind.Charged => "charged",
        ChangeKind.GrantRefilled => "grant_refilled",
        ChangeKind.Held => "held",
        ChangeKind.Settled => "settled",
        ChangeKind.HoldReleased => "hold_released",
        ChangeKind.HoldExpired => "hold_expired",
        ChangeKind.Reversed => "reversed",
        ChangeKind.BudgetChanged => "budget_changed",
        ChangeKind.BudgetRemoved => "budget_removed",
        ChangeKind.BudgetCrossed => "budget_crossed",
        ChangeKind.PolicyChanged => "policy_changed",
        ChangeKind.Closed => "closed",
    };

    public static string Of(LedgerDetail detail) => detail switch
    {
        LedgerDetail.Full => "full",
        LedgerDetail.Rollup => "rollup",
    };

    public static string Of(Role role) => role switch
    {
        Role.Read => "read",
        Role.Charge => "charge",
        Role.Operator => "operator",
        Role.Admin => "admin",
    };

    public static string Of(AuditOperation operation) => operation switch
    {
        AuditOperation.AccountPut => "account.put",
        AuditOperation.AccountClose => "account.close",
        AuditOperation.GrantAdd => "grant.add",
        AuditOperation.GrantVoid => "grant.void",
        AuditOperation.BudgetPut => "budget.put",
        AuditOperation.BudgetDelete => "budget.delete",
        AuditOperation.PolicyPut => "policy.put",
        AuditOperation.ChargeReverse => "charge.reverse",
        AuditOperation.RateCardPublish => "rate_card.publish",
        AuditOperation.KeyAdd => "key.add",
        AuditOperation.KeyRotate => "key.rotate",
        AuditOperation.KeyRevoke => "key.revoke",
        AuditOperation.TokenMake => "token.make",
    };

    public static string Of(AuditOutcome outcome) => outcome switch
    {
        AuditOutcome.Pending => "pending",
        AuditOutcome.Done => "done",
        AuditOutcome.Refused => "refused",
        AuditOutcome.Unknown => "unknown",
    };

    public static string Of(AuditBreakReason reason) => reason switch
    {
        AuditBreakReason.Missing => "missing",
        AuditBreakReason.Changed => "changed",
    };

    public static string Of(Code code) => code switch
    {
        Code.InvalidRequest => "invalid_request",
        Code.Unauthenticated => "unauthenticated",
        Code.Forbidden => "forbidden",
        Code.AccountNotFound => "account_not_found",
        Code.GrantNotFound => "grant_not_found",
        Code.ChargeNotFound => "charge_not_found",
        Code.HoldNotFound => "hold_not_found",
        Code.BudgetNotFound => "budget_not_found",
        Code.RateCardNotFound => "rate_card_not_found",
        Code.IdReused => "id_reused",
        Code.AccountClosed => "account_closed",
        Code.HoldClosed => "hold_closed",
        Code.HoldExpired => "hold_expired",
        Code.HoldsOpen => "holds_open",
        Code.AccountFrozen => "account_frozen",
        Code.MeterNotAllowed => "meter_not_allowed",
        Code.ChargeTooLarge => "charge_too_large",
        Code.DimensionRequired => "dimension_required",
        Code.UnknownMeter => "unknown_meter",
        Code.NoPrice => "no_price",
        Code.TooOld => "too_old",
        Code.InFuture => "in_future",
        Code.OutOfRange => "out_of_range",
        Code.ExceedsCharge => "exceeds_charge",
        Code.RateLimited => "rate_limited",
        Code.BudgetExceeded => "budget_exceeded",
        Code.InsufficientCredits => "insufficient_credits",
        Code.Overloaded => "overloaded",
        Code.Unavailable => "unavailable",
        Code.Quarantined => "quarantined",
        Code.KeyNotFound => "key_not_found",
        Code.DetailNotKept => "detail_not_kept",
        Code.LastAdminKey => "last_admin_key",
    };
}

/// <summary>The values of an enumeration that callers may send, by their names.</summary>
internal sealed class EnumNames<T>
    where T : struct, Enum
{
    private readonly Dictionary<string, T> _values;

    public EnumNames(Func<T, string> name)
        : this(name, Enum.GetValues<T>())
    {
    }

    /// <summary>Of some values only: the others are no names here.</summary>
    public EnumNames(Func<T, string> name, IEnumerable<T> values)
    {
        _values = values.ToDictionary(name, StringComparer.Ordinal);
        All = string.Join(", ", _values.Keys);
    }

    /// <summary>All names, for people to read.</summary>
    public string All { get; }

    public bool TryParse(string name, out T value) => _values.TryGetValue(name, out value);
}
