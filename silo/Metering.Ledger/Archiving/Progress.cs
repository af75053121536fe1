namespace Metering.Ledger.Archiving;

/// <summary>How far a partition's log is in the ledger.</summary>
/// <param name="Record">The last record whose entries are in segments, with all before it; 0 when none is.</param>
/// <param name="Checksum">The checksum of that record: it tells whether it is the log that is there now.</param>
public readonly record struct Progress(long Record, ulong Checksum);
