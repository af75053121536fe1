using Metering.Core;

namespace Metering.Ledger.Rows;

/// <summary>Where an account's ledger has come to: what the next entry follows.</summary>
/// <param name="Sequence">Of its last entry in the ledger; 0 before the first.</param>
/// <param name="Hash">The link of that entry.</param>
/// <param name="Balance">Right after that entry.</param>
public readonly record struct ChainHead(long Sequence, ulong Hash, Credits Balance);
