using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Grains.Audit;

/// <summary>
/// The chunks of the audit log in the store that keeps rate cards and keys. For one activation's scheduler; writes one at a time.
/// </summary>
/// <remarks>
/// The store's ETags let one activation write. A chunk that is full is sealed by the very write that fills it, and the next one is created, which only one can do. So an activation that
/// others have overtaken can neither change the last chunk it knows nor make another in its place: its next write fails, and it gives up.
/// </remarks>
internal sealed class AuditChunks(IGrainStorage storage, GrainId log, Serializer<AuditChunk> serializer, ILogger logger)
{
    private const string FirstName = "audit-first";
    private const string LastName = "audit-last";

    /// <summary>Numbers that are left out where the last chunk cannot be read: more than it can have had entries, so that none is given twice.</summary>
    private const int NumbersOfLostChunk = 1_000_000;

    // Apart, because what removes chunks and what adds them do not wait for each other.
    private readonly GrainState<AuditMark> _first = new(new AuditMark());
    private readonly GrainState<AuditMark> _latest = new(new AuditMark());
    private GrainState<AuditChunkState> _lastState = new(new AuditChunkState());

    /// <summary>The number of the oldest chunk.</summary>
    public long First => _first.State!.Chunk;

    /// <summary>The number of <see cref="Last"/>.</summary>
    public long LastNumber { get; private set; }

    /// <summary>The latest chunk, which may be sealed; null before the first entry.</summary>
    public AuditChunk? Last { get; private set; }

    /// <summary>Finds the latest chunk.</summary>
    public async Task OpenAsync()
    {
        await storage.ReadStateAsync(FirstName, log, _first);
        await storage.ReadStateAsync(LastName, log, _latest);
        LastNumber = _latest.State!.Chunk;
        _lastState = await ReadStateAsync(LastNumber);
        while (true)
        {
            var next = await ReadStateAsync(LastNumber + 1);
            if (!next.RecordExists)
            {
                break;
            }

            (LastNumber, _lastState) = (LastNumber + 1, next);
        }

        Last = _lastState.RecordExists ? TryRead(_lastState) : null;
        if (Last is null && (_latest.RecordExists || _lastState.RecordExists))
        {
            await GoOnAfterLost();
        }
    }

    /// <summary>A chunk; null when it is not there or cannot be read.</summary>
    public Task<AuditChunk?> ReadAsync(long number) => number == LastNumber ? Task.FromResult(Last) : ReadStoredAsync(number);

    /// <summary>The same, but what the store has and not what is remembered of the last one.</summary>
    public async Task<AuditChunk?> ReadStoredAsync(long number)
    {
        var state = await ReadStateAsync(number);
        return state.RecordExists ? TryRead(state) : null;
    }

    /// <summary>Writes entries behind the last one, in the last chunk or, when that is sealed, in another.</summary>
    /// <param name="chunk">The last chunk with more entries, or one that follows it.</param>
    /// <exception cref="Exception">It is not known whether they were written, or somebody else writes: nothing may be written by this any more.</exception>
    public async Task WriteAsync(AuditChunk chunk)
    {
        var isNew = Last is not { IsSealed: false };
        var state = isNew ? new GrainState<AuditChunkState>(new AuditChunkState()) : _lastState;
        var number = isNew && (Last is not null || _lastState.RecordExists) ? LastNumber + 1 : LastNumber;
        state.State = new AuditChunkState { Chunk = serializer.SerializeToArray(chunk) };
        await storage.WriteStateAsync(NameOf(number), log, state);
        (_lastState, Last, LastNumber) = (state, chunk, number);
        if (isNew)
        {
            _latest.State!.Chunk = number;
            await storage.WriteStateAsync(LastName, log, _latest);
        }
    }

    /// <summary>Removes the oldest chunk; not the last.</summary>
    public async Task RemoveFirstAsync()
    {
        // In this order: a chunk that nobody names is no loss, one that is named and not there would look like one.
        var removed = First;
        _first.State!.Chunk = removed + 1;
        await storage.WriteStateAsync(FirstName, log, _first);
        await RemoveAsync(removed);
    }

    /// <summary>Removes what a removal that was cut short has left.</summary>
    public async Task RemoveLeftAsync()
    {
        if (First > 0)
        {
            await RemoveAsync(First - 1);
        }
    }

    private async Task RemoveAsync(long number)
    {
        var state = await ReadStateAsync(number);
        if (state.RecordExists)
        {
            await storage.ClearStateAsync(NameOf(number), log, state);
        }
    }

    /// <summary>
    /// The log must go on though its last part is gone: administration that stops, the revoking of keys too, would be worse than a gap that shows. The next chunk follows at a distance,
    /// and whoever checks the chain finds what is missing.
    /// </summary>
    private async Task GoOnAfterLost()
    {
        var before = (AuditChunk?)null;
        for (var number = LastNumber - 1; before is null && number >= First; number--)
        {
            before = await ReadStoredAsync(number);
        }

        Log.AuditChunkLost(logger, LastNumber);
        Last = new AuditChunk
        {
            First = (before?.Next ?? 1) + NumbersOfLostChunk,
            HashBefore = before?.Hash ?? AuditChunk.NoHash,
            Records = [],
            IsSealed = true,
            OldestPending = (before?.Next ?? 1) + NumbersOfLostChunk,
            FirstAt = before?.LastAt ?? default,
            LastAt = before?.LastAt ?? default,
        };
    }

    private AuditChunk? TryRead(GrainState<AuditChunkState> state)
    {
        try
        {
            return serializer.Deserialize(state.State!.Chunk);
        }
        catch (Exception damaged) when (damaged is not OutOfMemoryException)
        {
            // The serializer has an exception of its own for each way in which bytes can be wrong.
            return null;
        }
    }

    private async Task<GrainState<AuditChunkState>> ReadStateAsync(long number)
    {
        var state = new GrainState<AuditChunkState>(new AuditChunkState());
        try
        {
            await storage.ReadStateAsync(NameOf(number), log, state);
        }
        catch (FormatException)
        {
            // What storages say of bytes that are not those they wrote. There is something, and no chunk.
            (state.State, state.RecordExists) = (new AuditChunkState(), true);
        }

        return state;
    }

    private static string NameOf(long chunk) => $"audit-{chunk:D12}";
}
