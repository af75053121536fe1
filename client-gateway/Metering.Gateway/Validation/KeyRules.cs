using Metering.Contracts;
using Metering.Gateway.Json;

namespace Metering.Gateway.Validation;

/// <summary>What a key may be. (When it ends is looked at where the time is known.)</summary>
internal static class KeyRules
{
    public const int DefaultOverlapSeconds = 3_600;
    public const int MaxOverlapSeconds = 30 * 86_400;
    public const int DefaultTokenSeconds = 900;
    public const int MaxTokenSeconds = 86_400;

    private const int MaxPerSecond = 10_000_000;

    public static void Check(KeyDraft draft, Faults faults)
    {
        if (draft.Name.Length == 0)
        {
            faults.Add("name", FaultCodes.Required, "It must be given.");
        }

        Shape.Text(faults, "name", draft.Name, ApiKey.MaxNameLength);
        if (draft.Role is null)
        {
            faults.Add("role", FaultCodes.Required, "It must be given.");
        }

        Shape.Patterns(faults, "accounts", draft.Accounts);
        Shape.Patterns(faults, "meters", draft.Meters);
        if (draft is { Role: Role.Admin, Accounts.Count: > 0 })
        {
            faults.Add("accounts", FaultCodes.Conflict, "An admin may do everything, and so could undo the limit.");
        }

        if (draft is { Role: not (null or Role.Charge), Meters.Count: > 0 })
        {
            faults.Add("meters", FaultCodes.Conflict, "It limits what is charged, and so goes with the role charge only.");
        }

        Shape.WholeNumber(faults, "requestsPerSecond", draft.RequestsPerSecond ?? 1, 1, MaxPerSecond);
        Shape.WholeNumber(faults, "chargesPerSecond", draft.ChargesPerSecond ?? 1, 1, MaxPerSecond);
    }
}
