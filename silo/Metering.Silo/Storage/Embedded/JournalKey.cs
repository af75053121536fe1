namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// A log's id and a record's number in one integer, the key of the record's row: 19 bits for the log, 44 for the number. A log that
/// grows by 10,000 records a second reaches the last number after 55 years.
/// </summary>
internal static class JournalKey
{
    public const long MaxNumber = (1L << NumberBits) - 1;
    public const long MaxLog = (1L << 19) - 1;

    private const int NumberBits = 44;

    public static long From(long log, long number) => (log << NumberBits) | number;

    /// <summary>Number 0, which no record has: below all of the log's records.</summary>
    public static long Before(long log) => From(log, 0);

    public static long Last(long log) => From(log, MaxNumber);

    public static long Number(long key) => key & MaxNumber;
}
