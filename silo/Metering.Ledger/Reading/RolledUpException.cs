namespace Metering.Ledger.Reading;

/// <summary>What was asked for needs entries of which only sums by the minute are kept. The message is for whoever asked.</summary>
public sealed class RolledUpException(string message) : Exception(message);
