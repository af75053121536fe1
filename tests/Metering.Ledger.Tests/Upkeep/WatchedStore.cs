using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests.Upkeep;

/// <summary>A store that lets a test look before each change, or prevent it.</summary>
internal sealed class WatchedStore(ISegmentStore store, Func<string, Task> before) : ISegmentStore
{
    internal int Changes { get; private set; }

    public string NewTemporaryFile() => store.NewTemporaryFile();

    public async Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken)
    {
        await before(name);
        Changes++;
        await store.PutAsync(name, temporaryFile, cancellationToken);
    }

    public async Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken)
    {
        await before(name);
        Changes++;
        return await store.TryPutAsync(name, temporaryFile, cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken) => store.ListAsync(prefix, cancellationToken);

    public Task<LocalFile?> OpenAsync(string name, CancellationToken cancellationToken) => store.OpenAsync(name, cancellationToken);

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await before(name);
        Changes++;
        await store.DeleteAsync(name, cancellationToken);
    }
}
