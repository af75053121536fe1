using System.Globalization;
using Metering.Grains.Journal;
using Microsoft.Data.Sqlite;

namespace Metering.Silo.Storage.Embedded;

/// <summary>Says in an operator's words what SQLite reported.</summary>
internal static class StoreFault
{
    private const int Corrupt = 11;
    private const int Full = 13;

    public static JournalStoreException From(SqliteException exception, string file) => new(Describe(exception, file), exception);

    public static bool IsFull(Exception exception) => exception is SqliteException sqlite && Primary(sqlite) == Full;

    private static string Describe(SqliteException exception, string file) => Primary(exception) switch
    {
        5 or 6 => $"'{file}' is locked by another program.",
        8 => $"'{file}' is read-only.",
        10 => string.Create(
            CultureInfo.InvariantCulture, $"Reading or writing '{file}' failed (SQLite {exception.SqliteExtendedErrorCode}): {exception.Message}"),
        Corrupt => $"'{file}' is damaged. Restore it from a backup; do not start on it. ({exception.Message})",
        Full => $"No room left on the disk of '{file}': nothing more can be stored until there is.",
        14 => $"'{file}' cannot be opened.",
        26 => $"'{file}' is not a SQLite database: it is damaged or was overwritten.",
        _ => string.Create(CultureInfo.InvariantCulture, $"'{file}' failed (SQLite {exception.SqliteExtendedErrorCode}): {exception.Message}"),
    };

    // The low byte is the family of the error; the rest tells members of a family apart.
    private static int Primary(SqliteException exception) => exception.SqliteErrorCode & 0xFF;
}
