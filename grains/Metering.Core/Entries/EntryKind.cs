namespace Metering.Core.Entries;

/// <summary>The kinds of entries. The numbers are encoded: they never change meaning.</summary>
public enum EntryKind
{
    SettingsChanged = 1,
    GrantAdded = 2,
    GrantActivated = 3,
    GrantExpired = 4,
    GrantVoided = 5,
    Charged = 6,
    GrantRefilled = 7,
    Held = 8,
    Settled = 9,
    HoldReleased = 10,
    HoldExpired = 11,
    Reversed = 12,
    BudgetChanged = 13,
    BudgetRemoved = 14,
    BudgetCrossed = 15,
    PolicyChanged = 16,
    Closed = 17,
}
