using System.Globalization;
using Metering.Grains.Journal;
using Microsoft.Data.Sqlite;

namespace Metering.Silo.Storage.Embedded;

/// <summary>Says in an operator's words what SQLite reported.</summary>
internal static class StoreFault
{
    private const int Corrupt = 11;
    private const int Full = 13;

    // ENOSPC, and ERROR_DISK_FULL on Windows.
    private static readonly int[] NoRoom = [28, unchecked((int)0x80070070)];

    public static JournalStoreException From(SqliteException exception, string file) => new(Describe(exception, file), exception);

    /// <summary>Of what a file system reported of a file or folder.</summary>
    public static Exception From(Exception exception, string path) => exception switch
    {
        IOException fault when NoRoom.Contains(fault.HResult) => new JournalStoreException(NoRoomOn(path), fault),
        IOException or UnauthorizedAccessException => new JournalStoreException($"Reading or writing '{path}' failed: {exception.Message}", exception),
        _ => exception,
    };

    public static bool IsFull(Exception exception) => exception is SqliteException sqlite && Primary(sqlite) == Full;

    private static string Describe(SqliteException exception, string file) => Primary(exception) switch
    {
        5 or 6 => $"'{file}' is locked by another program.",
        8 => $"'{file}' is read-only.",
        10 => string.Create(
            CultureInfo.InvariantCulture, $"Reading or writing '{file}' failed (SQLite {exception.SqliteExtendedErrorCode}): {exception.Message}"),
        Corrupt => $"'{file}' is damaged. Restore it from a backup; do not start on it. ({exception.Message})",
        Full => NoRoomOn(file),
        14 => $"'{file}' cannot be opened.",
        26 => $"'{file}' is not a SQLite database: it is damaged or was overwritten.",
        _ => string.Create(CultureInfo.InvariantCulture, $"'{file}' failed (SQLite {exception.SqliteExtendedErrorCode}): {exception.Message}"),
    };

    private static string NoRoomOn(string path) => $"No room left on the disk of '{path}': nothing more can be stored until there is.";

    // The low byte is the family of the error; the rest tells members of a family apart.
    private static int Primary(SqliteException exception) => exception.SqliteErrorCode & 0xFF;
}
