using Metering.Ledger.Segments;
using Metering.Ledger.Segments.Blobs;

namespace Metering.Ledger.Commands;

/// <summary>
/// Where a ledger is, as it is written on the command line: a folder; <c>https://name.blob.core.windows.net/container</c>, with whatever credential this machine has; or <c>container:NAME</c>, with the
/// connection string that <c>AZURE_STORAGE_CONNECTION_STRING</c> holds, for a key does not belong on a command line.
/// </summary>
internal static class LedgerAddress
{
    internal const string Words = "A folder, https://name.blob.core.windows.net/container, or container:NAME with AZURE_STORAGE_CONNECTION_STRING in the environment.";

    private const string ConnectionVariable = "AZURE_STORAGE_CONNECTION_STRING";
    private const string ContainerPrefix = "container:";

    /// <summary>A command reads the whole of a ledger at times, and nobody waits beside it.</summary>
    private const long MaxCacheBytes = 64L << 30;

    /// <summary>Opens a ledger that is there.</summary>
    /// <param name="address">Where.</param>
    /// <param name="toWrite">Whether anything is to be put into it.</param>
    /// <exception cref="LedgerStoreException">There is none, or the address is none.</exception>
    internal static OpenLedger Open(string address, bool toWrite)
    {
        if (address.StartsWith(ContainerPrefix, StringComparison.Ordinal))
        {
            var storage = Environment.GetEnvironmentVariable(ConnectionVariable);
            return string.IsNullOrEmpty(storage)
                ? throw new LedgerStoreException($"'{address}' needs the connection string of its storage account in {ConnectionVariable}.")
                : Container(storage, address[ContainerPrefix.Length..]);
        }

        if (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps)
        {
            return Container(uri.GetLeftPart(UriPartial.Authority), uri.AbsolutePath.Trim('/'));
        }

        var folder = FolderSegmentStore.OpenToRead(address);
        return new OpenLedger(toWrite ? FolderSegmentStore.OpenToWrite(folder.Root) : folder);
    }

    private static OpenLedger Container(string storage, string container) =>
        new(new BlobSegmentStore(new BlobLedgerOptions { Storage = storage, Container = container, MayCreate = false, MaxCacheBytes = MaxCacheBytes }));
}

/// <summary>A ledger that a command works on.</summary>
internal sealed class OpenLedger(ISegmentStore store) : IDisposable
{
    internal ISegmentStore Store => store;

    public void Dispose() => (store as IDisposable)?.Dispose();
}
