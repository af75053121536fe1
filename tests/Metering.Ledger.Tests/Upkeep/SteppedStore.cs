using Metering.Ledger.Segments;

namespace Metering.Ledger.Tests.Upkeep;

/// <summary>A store that lets a test do something else before each step that whoever works on it takes.</summary>
internal sealed class SteppedStore(ISegmentStore store, Func<Task> before) : ISegmentStore
{
    public string NewTemporaryFile() => store.NewTemporaryFile();

    public async Task PutAsync(string name, string temporaryFile, CancellationToken cancellationToken)
    {
        await before();
        await store.PutAsync(name, temporaryFile, cancellationToken);
    }

    public async Task<bool> TryPutAsync(string name, string temporaryFile, CancellationToken cancellationToken)
    {
        await before();
        return await store.TryPutAsync(name, temporaryFile, cancellationToken);
    }

    public async Task<IReadOnlyList<string>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        await before();
        return await store.ListAsync(prefix, cancellationToken);
    }

    public async Task<LocalFile?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        await before();
        return await store.OpenAsync(name, cancellationToken);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await before();
        await store.DeleteAsync(name, cancellationToken);
    }
}
