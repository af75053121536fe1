using System.Collections.Concurrent;
using Metering.Grains.Audit;
using Orleans.Storage;

namespace Metering.Grains.Tests;

/// <summary>States by name, under counted ETags, as a storage provider keeps them.</summary>
internal sealed class StateStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<string, (string ETag, object State)> _states = new(StringComparer.Ordinal);
    private long _etag;
    private long _writes;

    public long Writes => Interlocked.Read(ref _writes);

    /// <summary>Asked before each read; throws when it is to fail.</summary>
    public Action<string> OnRead { get; set; } = static _ => { };

    /// <summary>Asked before each write; throws when it is to fail.</summary>
    public Action<string> OnWrite { get; set; } = static _ => { };

    /// <summary>Asked after each write; throws when its answer is to be lost.</summary>
    public Action<string> OnWritten { get; set; } = static _ => { };

    /// <summary>No write begins before this has ended.</summary>
    public Task Held { get; set; } = Task.CompletedTask;

    public IReadOnlyCollection<string> Chunks => [.. _states.Keys.Where(static name => name.StartsWith("audit-0", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        OnRead(stateName);
        var found = _states.TryGetValue(stateName, out var stored);
        grainState.State = found ? Copy((T)stored.State) : Activator.CreateInstance<T>();
        (grainState.ETag, grainState.RecordExists) = (found ? stored.ETag : null, found);
        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Held;
        OnWrite(stateName);
        var expected = _states.TryGetValue(stateName, out var stored) ? stored.ETag : null;
        if (expected != grainState.ETag)
        {
            throw new InconsistentStateException("Somebody else has written.", expected ?? "none", grainState.ETag ?? "none");
        }

        Interlocked.Increment(ref _writes);
        var etag = $"{Interlocked.Increment(ref _etag)}";
        _states[stateName] = (etag, Copy(grainState.State!)!);
        OnWritten(stateName);
        (grainState.ETag, grainState.RecordExists) = (etag, true);
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _states.TryRemove(stateName, out _);
        (grainState.ETag, grainState.RecordExists) = (null, false);
        return Task.CompletedTask;
    }

    public void Remove(string name) => Assert.True(_states.TryRemove(name, out _));

    /// <summary>Changes a chunk behind the log's back.</summary>
    public void Change(string name, Func<byte[], byte[]> change) =>
        _states[name] = (_states[name].ETag, new AuditChunkState { Chunk = change(((AuditChunkState)_states[name].State).Chunk) });

    /// <summary>Writes as another activation does.</summary>
    public void Write<T>(string name, Func<T, T> change) =>
        _states[name] = ($"{Interlocked.Increment(ref _etag)}", change(Copy((T)_states[name].State))!);

    // What is stored does not change with what the grain has in memory.
    private static T Copy<T>(T state) => state switch
    {
        AuditChunkState chunk => (T)(object)new AuditChunkState { Chunk = [.. chunk.Chunk] },
        KeyRingState ring => (T)(object)new KeyRingState { Ring = [.. ring.Ring] },
        AuditMark mark => (T)(object)new AuditMark { Chunk = mark.Chunk },
        _ => state,
    };
}
