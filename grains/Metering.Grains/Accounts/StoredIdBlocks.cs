using Metering.Core.Accounts;
using Metering.Core.Encoding;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Metering.Grains.Accounts;

/// <summary>
/// The sealed blocks of one account's remembered ids in the store: each is written once, however many snapshots name it. For the activation's scheduler, one
/// call at a time.
/// </summary>
/// <remarks>
/// <para>The order: blocks are durable before the snapshot that names them; they are removed after a snapshot that does not is durable. So whatever snapshot is read, its
/// blocks were there when it was written; and if one is gone since, there is a newer snapshot.</para>
/// <para>Nothing is left behind for good. A crash before the snapshot leaves blocks that the next owner writes again, the same bytes under the same names, and finds there. A crash after it
/// leaves blocks that the snapshot lists as dropped, and so does each after it until they are gone. Only beyond <see cref="MaxDropped"/>, when the store refuses to
/// remove anything for a long time, are the oldest forgotten and left lying: harmless, for nobody names them.</para>
/// </remarks>
internal sealed class StoredIdBlocks(IGrainStorage storage, GrainId account, ILogger logger)
{
    /// <summary>Requests of one account to the store at the same time.</summary>
    private const int MaxConcurrentRequests = 16;

    /// <summary>Blocks that a snapshot lists as dropped.</summary>
    internal const int MaxDropped = 1_000;

    [ThreadStatic]
    private static ByteWriter? _writer;

    // In the order of their numbers, without gaps.
    private readonly List<Stored> _stored = [];
    private readonly List<Stored> _dropped = [];

    /// <summary>The first number that is not written yet.</summary>
    internal long Next => _stored.Count == 0 ? 0 : _stored[^1].Name.Number + 1;

    /// <summary>Those a snapshot is to name, the oldest first.</summary>
    internal IdBlockName[] Names => [.. _stored.Select(static stored => stored.Name)];

    /// <summary>Those it is to list as dropped.</summary>
    internal IdBlockName[] Dropped => [.. _dropped.Select(static dropped => dropped.Name)];

    /// <summary>The bytes of a block, the same however often they are made.</summary>
    internal static byte[] BytesOf(IdBlock block)
    {
        var writer = _writer ??= new ByteWriter();
        writer.Clear();
        block.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads the blocks that a snapshot names; from then on they are known.</summary>
    /// <returns>Their bytes, the oldest first.</returns>
    /// <exception cref="FormatException">One is missing or damaged.</exception>
    internal async Task<List<ReadOnlyMemory<byte>>> ReadAsync(AccountSnapshot snapshot)
    {
        _stored.Clear();
        _dropped.Clear();
        _dropped.AddRange(snapshot.DroppedBlocks.Select(static name => new Stored(name, ETag: null)));
        var blocks = new List<ReadOnlyMemory<byte>>(snapshot.SealedBlocks.Length + 1);
        foreach (var names in snapshot.SealedBlocks.Chunk(MaxConcurrentRequests))
        {
            var states = await Task.WhenAll(names.Select(ReadAsync));
            for (var i = 0; i < names.Length; i++)
            {
                if (!IsWhole(names[i], states[i]))
                {
                    throw new FormatException($"Block {names[i].Number} of its remembered ids is {(states[i].RecordExists ? "damaged" : "missing")}.");
                }

                _stored.Add(new Stored(names[i], states[i].ETag));
                blocks.Add(states[i].State!.Bytes);
            }
        }

        return blocks;
    }

    /// <summary>Makes blocks durable: those of these that are sealed, which follow what is written already.</summary>
    internal async Task WriteAsync(IReadOnlyList<IdBlock> blocks)
    {
        foreach (var several in blocks.Where(static block => block.IsSealed).Chunk(MaxConcurrentRequests))
        {
            _stored.AddRange(await Task.WhenAll(several.Select(WriteAsync)));
        }
    }

    /// <summary>The next snapshot does not need blocks before a number.</summary>
    internal void DropBefore(long number)
    {
        var first = _stored.FindIndex(stored => stored.Name.Number >= number);
        var count = first >= 0 ? first : _stored.Count;
        _dropped.AddRange(_stored[..count]);
        _stored.RemoveRange(0, count);
        if (_dropped.Count > MaxDropped)
        {
            Log.IdBlocksLeft(logger, account.Key.ToString()!, _dropped.Count - MaxDropped);
            _dropped.RemoveRange(0, _dropped.Count - MaxDropped);
        }
    }

    /// <summary>A snapshot that lists the dropped blocks as such is durable: removes them. What cannot be removed now the next snapshot lists again.</summary>
    internal async Task RemoveDroppedAsync()
    {
        if (_dropped.Count == 0)
        {
            return;
        }

        var left = new List<Stored>();
        foreach (var several in _dropped.Chunk(MaxConcurrentRequests))
        {
            var removed = await Task.WhenAll(several.Select(TryRemoveAsync));
            left.AddRange(several.Where((_, i) => !removed[i]).Select(static dropped => dropped with { ETag = null }));
        }

        _dropped.Clear();
        _dropped.AddRange(left);
    }

    private async Task<GrainState<StoredIdBlock>> ReadAsync(IdBlockName name)
    {
        var state = new GrainState<StoredIdBlock>(new StoredIdBlock());
        await storage.ReadStateAsync(name.StateName, account, state);
        return state;
    }

    private async Task<Stored> WriteAsync(IdBlock block)
    {
        var bytes = BytesOf(block);
        var name = IdBlockName.Of(block.Number, bytes);
        var state = new GrainState<StoredIdBlock>(new StoredIdBlock { Bytes = bytes });
        try
        {
            await storage.WriteStateAsync(name.StateName, account, state);
        }
        catch (InconsistentStateException)
        {
            // It is there already: an owner before, or this one, had no time to name it. The name says what is in it, so it is right, or else damaged.
            state = await ReadAsync(name);
            if (!IsWhole(name, state))
            {
                state.State = new StoredIdBlock { Bytes = bytes };
                await storage.WriteStateAsync(name.StateName, account, state);
            }
        }

        return new Stored(name, state.ETag);
    }

    private async Task<bool> TryRemoveAsync(Stored dropped)
    {
        try
        {
            var state = new GrainState<StoredIdBlock>(new StoredIdBlock(), dropped.ETag) { RecordExists = true };
            if (dropped.ETag is null)
            {
                state = await ReadAsync(dropped.Name);
            }

            if (state.RecordExists)
            {
                await storage.ClearStateAsync(dropped.Name.StateName, account, state);
            }

            return true;
        }
        catch (Exception failure)
        {
            Log.IdBlockNotRemoved(logger, account.Key.ToString()!, dropped.Name.Number, failure);
            return false;
        }
    }

    private static bool IsWhole(IdBlockName name, GrainState<StoredIdBlock> state) => state.RecordExists && IdBlockName.Of(name.Number, state.State!.Bytes) == name;

    /// <param name="Name">The block.</param>
    /// <param name="ETag">As last seen in the store; null when it must be looked at first.</param>
    private readonly record struct Stored(IdBlockName Name, string? ETag);
}
