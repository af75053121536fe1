namespace Metering.Grains.Journal;

/// <summary>How a silo's part of the journal stands at a moment.</summary>
/// <param name="OpenPartitions">Partitions that it has open.</param>
/// <param name="FaultyPartitions">Partitions that it should have open and has not.</param>
/// <param name="PendingBytes">What waits for, or is in, an append, over all partitions.</param>
/// <param name="TailBytes">Log that no snapshot covers, over all partitions.</param>
/// <param name="LongestTailBytes">The same of the partition that has most.</param>
/// <param name="OldestTailAge">How old the oldest entries are that no snapshot covers, counted from when this silo wrote or read them; zero when there are none.</param>
public readonly record struct JournalFigures(int OpenPartitions, int FaultyPartitions, long PendingBytes, long TailBytes, long LongestTailBytes, TimeSpan OldestTailAge);
