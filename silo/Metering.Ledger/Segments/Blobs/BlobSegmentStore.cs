using Azure;
using Azure.Storage;
using Azure.Storage.Blobs.Models;

namespace Metering.Ledger.Segments.Blobs;

/// <summary>The ledger in a container of Azure Blob Storage. Any number of processes write and read.</summary>
/// <remarks>
/// <para>A file is written here first and sent in one request, with a checksum that the service verifies: two writers of the same name cannot mix, and since both have the same rows it is no
/// matter who comes last.</para>
/// <para>Files are read from a copy on this disk (<see cref="SegmentCache"/>). Each listing shows which copies are still what the container has.</para>
/// </remarks>
public sealed class BlobSegmentStore : ISegmentStore, IDisposable
{
    private readonly Lock _lock = new();
    private readonly BlobLedgerOptions _options;
    private readonly LedgerContainer _container;
    private SegmentCache? _cache;

    /// <summary>Nothing is connected to or written before it is used.</summary>
    /// <exception cref="LedgerStoreException">A setting cannot work.</exception>
    public BlobSegmentStore(BlobLedgerOptions options)
    {
        _container = new LedgerContainer(options);
        _options = options;
    }

    /// <summary>Bytes of segments that lie on this disk.</summary>
    public long CachedBytes => _cache?.Bytes ?? 0;

    /// <summary>Made when it is first needed; and tried again when that fails, for somebody may mend the directory.</summary>
    private SegmentCache Cache
    {
        get
        {
            lock (_lock)
            {
                return _cache ??= new SegmentCache(_options.CacheDirectory, _options.MaxCacheBytes);
            }
        }
    }

    public string NewTemporaryFile() => Cache.NewFile();

    public Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken) => UploadAsync(name, temporaryFile, conditions: new BlobRequestConditions(), cancellationToken);

    public async Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken)
    {
        try
        {
            await UploadAsync(name, temporaryFile, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellationToken);
            return true;
        }
        catch (RequestFailedException taken) when (LedgerContainer.IsTaken(taken))
        {
            File.Delete(temporaryFile);
            return false;
        }
    }

    public async Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        string? token = null;
        do
        {
            var page = await PageAsync(prefix, token, cancellationToken);
            foreach (var blob in page.Values)
            {
                names.Add(blob.Name);
                _cache?.Compare(blob.Name, blob.Properties.ETag?.ToString() ?? "");
            }

            token = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(token));

        // The service's order is by bytes of UTF-8, which for these names is ours.
        return names;
    }

    public Task<LocalFile?> OpenAsync(string name, CancellationToken cancellationToken) => Cache.OpenAsync(name, (path, reserve) => FetchAsync(name, path, reserve), cancellationToken);

    public async Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        await _container.RunAsync(stop => _container.Blob(name).DeleteIfExistsAsync(cancellationToken: stop), cancellationToken);

    public void Dispose() => _cache?.Dispose();

    private async Task UploadAsync(string name, string temporaryFile, BlobRequestConditions conditions, CancellationToken cancellationToken)
    {
        try
        {
            await using (var file = new FileStream(temporaryFile, FileMode.Open, FileAccess.Read))
            {
                var upload = new BlobUploadOptions
                {
                    // In one request however large: writers that send parts of the same blob could end up with a mixture.
                    TransferOptions = new StorageTransferOptions { InitialTransferSize = Math.Max(1, file.Length) },
                    TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
                    Conditions = conditions,
                };
                await _container.RunAsync(limit => _container.Blob(name).UploadAsync(file, upload, limit.Token), _container.TimeFor(file.Length), cancellationToken);
            }

            File.Delete(temporaryFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LedgerStoreException($"A segment cannot be read back before it is sent: {failure.Message}", failure);
        }
    }

    private Task<Page<BlobItem>> PageAsync(string prefix, string? token, CancellationToken cancellationToken) => _container.RunAsync(
        async stop =>
        {
            await foreach (var page in _container.Blobs.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, stop).AsPages(token).WithCancellation(stop))
            {
                return page;
            }

            throw new LedgerStoreException("The ledger's container listed nothing, not even an empty page.");
        },
        cancellationToken);

    private async Task<string?> FetchAsync(string name, string path, Action<long> reserve)
    {
        try
        {
            return await _container.RunAsync(
                async limit =>
                {
                    using var answer = (await _container.Blob(name).DownloadStreamingAsync(cancellationToken: limit.Token)).Value;
                    var bytes = answer.Details.ContentLength;
                    reserve(bytes);
                    limit.CancelAfter(_container.TimeFor(bytes));
                    await using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
                    await answer.Content.CopyToAsync(file, limit.Token);
                    return answer.Details.ETag.ToString();
                },
                _container.TimeFor(0),
                CancellationToken.None);
        }
        catch (RequestFailedException missing) when (LedgerContainer.IsMissing(missing))
        {
            return null;
        }
    }
}
