using Azure.Storage.Blobs.Models;
using Metering.Grains.Journal;

namespace Metering.Silo.Storage.Azure;

/// <summary>Lists accounts from the names of their snapshots. <see cref="BlobName"/> says why the store's order is that of the ids.</summary>
/// <remarks>
/// The service is asked to begin at <c>after</c>, so a page costs one request wherever it lies. A service too old to know that begins at the prefix
/// instead: what comes first is then read and left out here, which is slow but right.
/// </remarks>
internal sealed class AzureAccountIndex(AzureContainer container) : IAccountIndex
{
    // What the service gives at once.
    private const int MaxNamesPerRequest = 5_000;

    // The list is read from the snapshots.
    public Task AddAsync(string account, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<IReadOnlyList<string>> ListAsync(string prefix, string after, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);

        var states = StateBlob.Prefix(AccountStorage.StateName);
        var accounts = new List<string>();
        if (string.CompareOrdinal(after, prefix) > 0 && !after.StartsWith(prefix, StringComparison.Ordinal))
        {
            return accounts;
        }

        string? token = null;
        do
        {
            var page = await PageAsync(states + BlobName.Write(prefix), From(states, prefix, after), token, limit - accounts.Count + 1, cancellationToken);
            foreach (var blob in page.Values)
            {
                var account = StateBlob.Key(blob.Name, states);

                // Equal neighbours: should two grain types share the state's name.
                if (string.CompareOrdinal(account, after) > 0 && (accounts.Count == 0 || accounts[^1] != account))
                {
                    accounts.Add(account);
                }

                if (accounts.Count == limit)
                {
                    return accounts;
                }
            }

            token = page.ContinuationToken;
        }
        while (!string.IsNullOrEmpty(token));
        return accounts;
    }

    // Outside the prefix it can only lie before it, and says nothing.
    private static string? From(string states, string prefix, string after) =>
        after.StartsWith(prefix, StringComparison.Ordinal) && after.Length > 0 ? states + BlobName.Write(after) : null;

    private Task<global::Azure.Page<BlobItem>> PageAsync(string prefix, string? from, string? token, int size, CancellationToken cancellationToken) =>
        container.RunAsync(
            async stop =>
            {
                var pages = container.Blobs.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix, StartFrom = from }, stop)
                    .AsPages(token, Math.Min(size, MaxNamesPerRequest));
                await foreach (var page in pages.WithCancellation(stop))
                {
                    return page;
                }

                throw new JournalStoreException("The Azure store listed nothing, not even an empty page.");
            },
            cancellationToken);
}
