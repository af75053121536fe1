using System.Security.Cryptography;
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

    private const int ETagBytes = 8;

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var row = await database.ReadAsync(connection => StateTable.Read(connection, stateName, grainId), CancellationToken.None);
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
        var next = NewETag();
        var stored = await database.WriteAsync(
            bytes.Length,
            connection => StateTable.Write(connection, stateName, grainId, expected, next, bytes.Span) ? next : StateTable.ReadETag(connection, stateName, grainId),
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
            bytes: DatabaseSchema.PageBytes,
            connection => expected is not null && StateTable.Clear(connection, stateName, grainId, expected) ? null : StateTable.ReadETag(connection, stateName, grainId),
            CancellationToken.None);
        if (stored is not null)
        {
            throw Inconsistent("cleared", stateName, grainId, stored, expected);
        }

        grainState.State = activators.GetActivator<T>().Create();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    /// <summary>64 random bits, in as few characters as can be read: every active grain keeps one.</summary>
    private static string NewETag() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(ETagBytes)).TrimEnd('=');

    private static string? Expected(string? etag) => string.IsNullOrEmpty(etag) ? null : etag;

    private static InconsistentStateException Inconsistent(string what, string stateName, GrainId grainId, string? stored, string? expected) =>
        new($"The state '{stateName}' of {grainId} was not {what}: somebody else has changed it since it was read.", stored ?? "none", expected ?? "none");
}
