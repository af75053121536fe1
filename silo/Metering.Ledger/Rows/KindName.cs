using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;

namespace Metering.Ledger.Rows;

/// <summary>How kinds are named in segments. The names never change meaning.</summary>
public static class KindName
{
    private static readonly Dictionary<string, EntryKind> Kinds = Enum.GetValues<EntryKind>().ToDictionary(Of, StringComparer.Ordinal);

    public static string Of(EntryKind kind) => kind switch
    {
        EntryKind.SettingsChanged => "settings_changed",
        EntryKind.GrantAdded => "grant_added",
        EntryKind.GrantActivated => "grant_activated",
        EntryKind.GrantExpired => "grant_expired",
        EntryKind.GrantVoided => "grant_voided",
        EntryKind.Charged => "charged",
        EntryKind.GrantRefilled => "grant_refilled",
        EntryKind.Held => "held",
        EntryKind.Settled => "settled",
        EntryKind.HoldReleased => "hold_released",
        EntryKind.HoldExpired => "hold_expired",
        EntryKind.Reversed => "reversed",
        EntryKind.BudgetChanged => "budget_changed",
        EntryKind.BudgetRemoved => "budget_removed",
        EntryKind.BudgetCrossed => "budget_crossed",
        EntryKind.PolicyChanged => "policy_changed",
        EntryKind.Closed => "closed",
    };

    /// <exception cref="FormatException">No kind has that name.</exception>
    public static EntryKind Parse(string name) =>
        Kinds.TryGetValue(name, out var kind) ? kind : throw new FormatException($"'{name}' is not a kind of entry.");

    /// <exception cref="FormatException">No mode has that name.</exception>
    internal static ChargeMode ParseMode(string name) => name switch
    {
        "enforce" => ChargeMode.Enforce,
        "upTo" => ChargeMode.UpTo,
        "record" => ChargeMode.Record,
        _ => throw new FormatException($"'{name}' is not a mode of charging."),
    };

    internal static string Of(ChargeMode mode) => mode switch
    {
        ChargeMode.Enforce => "enforce",
        ChargeMode.UpTo => "upTo",
        ChargeMode.Record => "record",
    };

    internal static string Of(AdjustmentKind kind) => kind switch
    {
        AdjustmentKind.Cap => "cap",
        AdjustmentKind.Discount => "discount",
        AdjustmentKind.Minimum => "minimum",
        AdjustmentKind.Maximum => "maximum",
        AdjustmentKind.Flat => "flat",
        AdjustmentKind.Repricing => "repricing",
    };
}
