using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;
using Metering.Grains.Journal;
using Orleans.Serialization.Serializers;
using Orleans.Storage;

namespace Metering.Silo.Storage.Azure;

/// <summary>
/// Grain states in Azure Blob Storage, a blob each, written under its ETag.
/// </summary>
/// <remarks>
/// The client repeats a request whose answer was lost, and the repetition of a write that had succeeded meets its own new ETag. Taken for another's it would throw an
/// activation away; so each write leaves its random name in the metadata, and a refused writer looks whether the name is its own. The checksum is
/// verified at every read (law 10).
/// </remarks>
internal sealed class AzureGrainStorage(AzureContainer container, IGrainStorageSerializer serializer, IActivatorProvider activators) : IGrainStorage, IDisposable
{
    /// <summary>The largest serialized state.</summary>
    public const int MaxStateBytes = 256 << 20;

    private const int MaxTurnsWaited = 4;

    private readonly SemaphoreSlim _reads = new(container.Options.MaxConcurrentReads);
    private readonly SemaphoreSlim _writes = new(container.Options.MaxConcurrentWrites);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var stored = await InLaneAsync<(BinaryData Content, BlobDownloadDetails Details)?>(_reads, async () =>
        {
            try
            {
                return await container.DownloadAsync(StateBlob.Name(stateName, grainId), CancellationToken.None);
            }
            catch (RequestFailedException missing) when (AzureFault.IsMissing(missing))
            {
                return null;
            }
        });
        if (stored is not { } found)
        {
            grainState.State = activators.GetActivator<T>().Create();
            grainState.ETag = null;
            grainState.RecordExists = false;
            return;
        }

        grainState.State = StateBlob.IsIntact(found.Details.Metadata, found.Content.ToMemory())
            ? serializer.Deserialize<T>(found.Content)
            : throw new FormatException($"The stored state '{stateName}' of {grainId} is damaged: its checksum does not match.");
        grainState.ETag = found.Details.ETag.ToString();
        grainState.RecordExists = true;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        // Serialized before the first await: afterwards the grain may go on and change its state.
        var bytes = serializer.Serialize(grainState.State);
        if (bytes.ToMemory().Length > MaxStateBytes)
        {
            throw new JournalStoreException($"The state '{stateName}' of {grainId} has {bytes.ToMemory().Length} bytes; at most {MaxStateBytes} can be stored.");
        }

        var blob = container.Blob(StateBlob.Name(stateName, grainId));
        var write = Guid.NewGuid().ToString("N");
        var upload = new BlobUploadOptions
        {
            Conditions = Unchanged(grainState.ETag),
            Metadata = StateBlob.Metadata(write, bytes.ToMemory()),

            // In one request however large: two writers that send parts of the same blob could end up with a mixture.
            TransferOptions = new StorageTransferOptions { InitialTransferSize = MaxStateBytes },
        };
        var timeout = container.TimeFor(bytes.ToMemory().Length);
        grainState.ETag = await InLaneAsync(_writes, async () =>
        {
            try
            {
                var response = await container.RunAsync(stop => blob.UploadAsync(bytes, upload, stop), timeout, CancellationToken.None);
                return response.Value.ETag.ToString();
            }
            catch (RequestFailedException refused) when (AzureFault.IsAnswer(refused))
            {
                var (etag, writtenBy) = await StoredAsync(stateName, grainId);
                return writtenBy == write ? etag! : throw Inconsistent("written", stateName, grainId, etag, grainState.ETag, refused);
            }
        });
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var blob = container.Blob(StateBlob.Name(stateName, grainId));
        await InLaneAsync<Response?>(_writes, async () =>
        {
            RequestFailedException? refusal = null;
            if (!string.IsNullOrEmpty(grainState.ETag))
            {
                try
                {
                    return await container.RunAsync(stop => blob.DeleteAsync(conditions: Unchanged(grainState.ETag), cancellationToken: stop), CancellationToken.None);
                }
                catch (RequestFailedException refused) when (AzureFault.IsAnswer(refused))
                {
                    refusal = refused;
                }
            }

            // Nothing there is as good as cleared; without an ETag nothing may be there.
            var (etag, _) = await StoredAsync(stateName, grainId);
            return etag is null ? null : throw Inconsistent("cleared", stateName, grainId, etag, grainState.ETag, refusal);
        });
        grainState.State = activators.GetActivator<T>().Create();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    public void Dispose()
    {
        _reads.Dispose();
        _writes.Dispose();
    }

    /// <summary>The ETag of what is stored now and the name of the write that made it; nulls when there is nothing.</summary>
    private async Task<(string? ETag, string? Write)> StoredAsync(string stateName, GrainId grainId)
    {
        try
        {
            var blob = container.Blob(StateBlob.Name(stateName, grainId));
            var properties = (await container.RunAsync(stop => blob.GetPropertiesAsync(cancellationToken: stop), CancellationToken.None)).Value;
            return (properties.ETag.ToString(), properties.Metadata.TryGetValue(StateBlob.Write, out var write) ? write : null);
        }
        catch (RequestFailedException missing) when (AzureFault.IsMissing(missing))
        {
            return (null, null);
        }
    }

    private async Task<T> InLaneAsync<T>(SemaphoreSlim lane, Func<Task<T>> request)
    {
        // A lane that stays full while so many requests one after the other could have ended belongs to a store that is away or overrun.
        if (!await lane.WaitAsync(MaxTurnsWaited * container.Options.RequestTimeout))
        {
            throw new JournalStoreException("The Azure store has more to do than it gets done: no request could be started in time.");
        }

        try
        {
            return await request();
        }
        finally
        {
            lane.Release();
        }
    }

    private static BlobRequestConditions Unchanged(string? etag) =>
        string.IsNullOrEmpty(etag) ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = new ETag(etag) };

    private static InconsistentStateException Inconsistent(
        string what, string stateName, GrainId grainId, string? stored, string? expected, RequestFailedException? cause) =>
        new($"The state '{stateName}' of {grainId} was not {what}: somebody else has changed it since it was read.", stored ?? "none", expected ?? "none", cause);
}
