namespace Metering.Grains.Journal;

/// <summary>Of entries that would be needed the archive keeps only sums: by its settings, not by a fault. The message is for whoever asked.</summary>
public sealed class DetailNotKeptException(string message) : Exception(message);
