namespace Metering.Ledger.Segments;

/// <summary>A segment is not there any more: it was merged into another, or it is too old to be kept.</summary>
internal sealed class SegmentGoneException(string path) : Exception($"'{path}' is gone.");
