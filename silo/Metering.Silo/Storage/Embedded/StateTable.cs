using System.IO.Hashing;

namespace Metering.Silo.Storage.Embedded;

/// <summary>The rows of grain states: what each operation of the storage does inside its transaction.</summary>
internal static class StateTable
{
    /// <summary>The stored state and its ETag, or nothing.</summary>
    /// <exception cref="FormatException">The bytes are not those that were written.</exception>
    public static (string ETag, ReadOnlyMemory<byte> Bytes)? Read(DatabaseConnection connection, string stateName, GrainId grainId)
    {
        var statement = BindGrain(
            connection.Prepare("SELECT etag, checksum, bytes FROM states WHERE state = ?1 AND key = ?2 AND type = ?3"), stateName, grainId);
        if (!statement.Step())
        {
            return null;
        }

        var (etag, checksum, bytes) = (statement.Text(0), statement.Number(1), statement.Bytes(2));
        statement.Reset();
        return Checksum(bytes) == checksum
            ? (etag, bytes)
            : throw new FormatException($"The stored state '{stateName}' of {grainId} is damaged: its checksum does not match.");
    }

    public static string? ReadETag(DatabaseConnection connection, string stateName, GrainId grainId)
    {
        var statement = BindGrain(connection.Prepare("SELECT etag FROM states WHERE state = ?1 AND key = ?2 AND type = ?3"), stateName, grainId);
        var etag = statement.Step() ? statement.Text(0) : null;
        statement.Reset();
        return etag;
    }

    /// <summary>Writes the state if its ETag is <paramref name="expected"/>, or, when that is null, if there is none.</summary>
    public static bool Write(
        DatabaseConnection connection, string stateName, GrainId grainId, string? expected, string next, ReadOnlySpan<byte> bytes)
    {
        var statement = expected is null
            ? connection.Prepare("INSERT INTO states (state, key, type, etag, checksum, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
            : connection.Prepare("UPDATE states SET etag = ?4, checksum = ?5, bytes = ?6 WHERE state = ?1 AND key = ?2 AND type = ?3 AND etag = ?7")
                .Bind(7, expected);
        return BindGrain(statement, stateName, grainId).Bind(4, next).Bind(5, Checksum(bytes)).Bind(6, bytes).Run() == 1;
    }

    public static bool Clear(DatabaseConnection connection, string stateName, GrainId grainId, string expected)
    {
        var statement = connection.Prepare("DELETE FROM states WHERE state = ?1 AND key = ?2 AND type = ?3 AND etag = ?4");
        return BindGrain(statement, stateName, grainId).Bind(4, expected).Run() == 1;
    }

    private static Statement BindGrain(Statement statement, string stateName, GrainId grainId) =>
        statement.Bind(1, stateName).Bind(2, grainId.Key.ToString()!).Bind(3, grainId.Type.ToString()!);

    private static long Checksum(ReadOnlySpan<byte> bytes) => unchecked((long)XxHash3.HashToUInt64(bytes));
}
