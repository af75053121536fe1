using Metering.Core.Entries;

namespace Metering.Core.Charges;

/// <summary>What an account's entries say of a charge that it does not remember any more.</summary>
/// <param name="Charge">The charge or settle; of several that had the id, one after another, the last.</param>
/// <param name="Reversals">Every reversal of it, in order.</param>
/// <param name="Through">The account's entries were looked at through this sequence: there is no other reversal of it until there.</param>
public sealed record ChargeEvidence(PaidOperation Charge, IReadOnlyList<Reversed> Reversals, long Through);
