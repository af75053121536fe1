using Metering.Grains.Journal;
using Orleans.Serialization;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Metering.Grains.Tests.Accounts;

/// <summary>
/// One cluster's way to the stores. Cutting it is what a crash looks like from there: nothing the cluster still does on its way out, flushes and
/// last snapshots included, arrives any more.
/// </summary>
internal sealed class StoreConnections
{
    private volatile bool _isCut;

    internal void Cut() => _isCut = true;

    internal void ThrowIfCut()
    {
        if (_isCut)
        {
            throw new JournalStoreException("The process is gone.");
        }
    }
}

internal sealed class JournalConnection(IJournalStore store, StoreConnections connections) : IJournalStore
{
    public int MaxRecordBytes => store.MaxRecordBytes;

    public bool IsShared => store.IsShared;

    public bool MayLoseTail => store.MayLoseTail;

    public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken)
    {
        connections.ThrowIfCut();
        return store.OpenAsync(log, cancellationToken);
    }

    public Task<long> LastAsync(string log, CancellationToken cancellationToken)
    {
        connections.ThrowIfCut();
        return store.LastAsync(log, cancellationToken);
    }

    public IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, CancellationToken cancellationToken)
    {
        connections.ThrowIfCut();
        return store.ReadAsync(log, after, cancellationToken);
    }

    public Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        connections.ThrowIfCut();
        return store.AppendAsync(log, number, record, cancellationToken);
    }

    public Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        connections.ThrowIfCut();
        return store.TrimAsync(log, through, cancellationToken);
    }
}

internal sealed class SnapshotConnection(SnapshotStore store, StoreConnections connections, Serializer serializer, IActivatorProvider activators) : IGrainStorage
{
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        connections.ThrowIfCut();
        var stored = store.Read(stateName, KeyOf(grainId));
        grainState.State = stored is null ? activators.GetActivator<T>().Create() : serializer.Deserialize<T>(stored.Value.Bytes);
        grainState.ETag = stored?.ETag;
        grainState.RecordExists = stored is not null;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Later than a careful store would: whoever changes a state while it is being written is found out.
        await Task.Yield();
        connections.ThrowIfCut();
        var bytes = serializer.SerializeToArray(grainState.State);
        grainState.ETag = await store.WriteAsync(stateName, KeyOf(grainId), bytes, grainState.ETag);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Task.Yield();
        connections.ThrowIfCut();
        store.Clear(stateName, KeyOf(grainId), grainState.ETag);
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private static string KeyOf(GrainId grainId) => grainId.Key.ToString()!;
}
