using System.IO.Hashing;
using Metering.Grains.Journal;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Metering.Silo.Storage.Embedded;

/// <summary>
/// Grain states in SQLite, a row each, found by state name, grain key and grain type.
/// </summary>
/// <remarks>
/// ETags are random, never counted: a counter would begin again after a state was cleared, and an activation that slept through
/// the clearing could then overwrite its successor's state. The checksum is verified at every read: SQLite has none, and a balance with a flipped
/// bit would be served without a word (law 10).
/// </remarks>
internal sealed class SqliteGrainStorage(EmbeddedDatabase database, IGrainStorageSerializer serializer, IActivatorProvider activators) : IGrainStorage
{
    /// <summary>The largest serialized state.</summary>
    public const int MaxStateBytes = 256 << 20;

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var row = await database.ReadAsync(connection => Read(connection, stateName, grainId), CancellationToken.None);
        grainState.State = row is null ? activators.GetActivator<T>().Create() : serializer.Deserialize<T>(row.Value.Bytes);
        grainState.ETag = row?.ETag;
        grainState.RecordExists = row is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Serialized before the first await: afterwards the grain may go on and change its state.
        var bytes = serializer.Serialize(grainState.State).ToMemory();
        if (bytes.Length > MaxStateBytes)
        {
            throw new JournalStoreException($"The state '{stateName}' of {grainId} has {bytes.Length} bytes; at most {MaxStateBytes} can be stored.");
        }

        var expected = Expected(grainState.ETag);
        var next = Guid.NewGuid().ToString("N");
        var stored = await database.WriteAsync(
            WriteLane.Background,
            bytes.Length,
            connection => Write(connection, stateName, grainId, expected, next, bytes.Span) ? next : ReadETag(connection, stateName, grainId),
            CancellationToken.None);
        if (stored != next)
        {
            throw Inconsistent("written", stateName, grainId, stored, expected);
        }

        grainState.ETag = next;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var expected = Expected(grainState.ETag);
        var stored = await database.WriteAsync(
            WriteLane.Background,
            bytes: 0,
            connection => expected is not null && Clear(connection, stateName, grainId, expected) ? null : ReadETag(connection, stateName, grainId),
            CancellationToken.None);
        if (stored is not null)
        {
            throw Inconsistent("cleared", stateName, grainId, stored, expected);
        }

        grainState.State = activators.GetActivator<T>().Create();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private static string? Expected(string? etag) => string.IsNullOrEmpty(etag) ? null : etag;

    private static InconsistentStateException Inconsistent(string what, string stateName, GrainId grainId, string? stored, string? expected) =>
        new($"The state '{stateName}' of {grainId} was not {what}: somebody else has changed it since it was read.", stored ?? "none", expected ?? "none");

    private static bool Write(
        DatabaseConnection connection, string stateName, GrainId grainId, string? expected, string next, ReadOnlySpan<byte> bytes)
    {
        var statement = expected is null
            ? connection.Prepare("INSERT INTO states (state, key, type, etag, checksum, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
            : connection.Prepare("UPDATE states SET etag = ?4, checksum = ?5, bytes = ?6 WHERE state = ?1 AND key = ?2 AND type = ?3 AND etag = ?7")
                .Bind(7, expected);
        return BindGrain(statement, stateName, grainId).Bind(4, next).Bind(5, Checksum(bytes)).Bind(6, bytes).Run() == 1;
    }

    private static bool Clear(DatabaseConnection connection, string stateName, GrainId grainId, string expected)
    {
        var statement = connection.Prepare("DELETE FROM states WHERE state = ?1 AND key = ?2 AND type = ?3 AND etag = ?4");
        return BindGrain(statement, stateName, grainId).Bind(4, expected).Run() == 1;
    }

    private static string? ReadETag(DatabaseConnection connection, string stateName, GrainId grainId)
    {
        var statement = BindGrain(connection.Prepare("SELECT etag FROM states WHERE state = ?1 AND key = ?2 AND type = ?3"), stateName, grainId);
        var etag = statement.Step() ? statement.Text(0) : null;
        statement.Reset();
        return etag;
    }

    private static (string ETag, ReadOnlyMemory<byte> Bytes)? Read(DatabaseConnection connection, string stateName, GrainId grainId)
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
            : throw new JournalStoreException($"The stored state '{stateName}' of {grainId} is damaged: its checksum does not match.");
    }

    private static Statement BindGrain(Statement statement, string stateName, GrainId grainId) =>
        statement.Bind(1, stateName).Bind(2, grainId.Key.ToString()!).Bind(3, grainId.Type.ToString()!);

    private static long Checksum(ReadOnlySpan<byte> bytes) => unchecked((long)XxHash3.HashToUInt64(bytes));
}
