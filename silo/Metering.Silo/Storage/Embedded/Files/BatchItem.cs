namespace Metering.Silo.Storage.Embedded.Files;

/// <summary>What an item of a batch says. The numbers are stored.</summary>
internal enum BatchItemKind
{
    /// <summary>A log: its id, as bytes its name, and as number that of its last record so far. Each segment begins with all of them.</summary>
    Log = 1,

    /// <summary>A record, the next of its log.</summary>
    Record = 2,

    /// <summary>The last record of its log once more, because the file it is in goes.</summary>
    Kept = 3,

    /// <summary>The records of a log up to a number are gone, but for the last one.</summary>
    Trim = 4,
}

/// <param name="Kind">What it says.</param>
/// <param name="Log">The log's id: 1 and above.</param>
/// <param name="Number">The record's number, that of a log's last one, or through which is trimmed.</param>
/// <param name="Length">Of its bytes.</param>
internal readonly record struct BatchItem(BatchItemKind Kind, int Log, long Number, int Length);
