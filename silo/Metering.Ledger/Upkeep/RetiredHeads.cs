using System.Globalization;
using System.Text.RegularExpressions;
using Metering.Ledger.Archiving;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Upkeep;

/// <summary>
/// Where the ledger of each account of a partition begins, after what was too old to be kept: its last entry that is gone, with that entry's link, which the first that is there must follow, and the
/// balance it begins with.
/// </summary>
/// <remarks>A file <c>_retired/partition-0007/2026-10-23T05.heads</c> speaks of all that happened before that hour; a later one has what an earlier one has, and takes its place.</remarks>
internal static partial class RetiredHeads
{
    private const string Root = "_retired/";
    private const int MaxListings = 8;

    /// <summary>Of one partition; empty when nothing of it was removed.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached, or what it has is damaged: without it nobody can tell what was removed by right.</exception>
    internal static Task<Dictionary<string, ChainHead>> ReadAsync(ISegmentStore store, int partition, CancellationToken cancellationToken) => ReadAsync(store, Folder(partition), cancellationToken);

    /// <summary>Of all partitions.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached, or what it has is damaged.</exception>
    internal static Task<Dictionary<string, ChainHead>> ReadAllAsync(ISegmentStore store, CancellationToken cancellationToken) => ReadAsync(store, Root, cancellationToken);

    /// <summary>States that all before an hour goes, and removes earlier statements. What goes must still be there.</summary>
    /// <exception cref="LedgerStoreException">It may be stated or not; nothing may be removed yet.</exception>
    internal static async Task StateAsync(ISegmentStore store, int partition, DateTimeOffset before, IReadOnlyDictionary<string, ChainHead> heads, CancellationToken cancellationToken)
    {
        var earlier = await store.ListAsync(Folder(partition), cancellationToken);
        var name = string.Create(CultureInfo.InvariantCulture, $"{Folder(partition)}{before.UtcDateTime:yyyy-MM-ddTHH}.heads");
        var file = store.NewTemporaryFile();
        try
        {
            await File.WriteAllBytesAsync(file, new HeadsFile(0, 0, 0, heads).Encode(), cancellationToken);
            await store.PutAsync(name, file, cancellationToken);
        }
        catch (IOException exception)
        {
            throw new LedgerStoreException($"What is to be removed cannot be noted: {exception.Message}", exception);
        }
        finally
        {
            File.Delete(file);
        }

        foreach (var old in earlier.Where(old => Pattern().IsMatch(old) && string.CompareOrdinal(old, name) < 0))
        {
            await store.DeleteAsync(old, cancellationToken);
        }
    }

    private static string Folder(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Root}partition-{partition:0000}/");

    private static async Task<Dictionary<string, ChainHead>> ReadAsync(ISegmentStore store, string prefix, CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MaxListings; attempt++)
        {
            if (await TryReadAsync(store, prefix, cancellationToken) is { } heads)
            {
                return heads;
            }
        }

        throw new LedgerStoreException("What was removed changes faster than it can be read.");
    }

    /// <returns>Null when one was replaced since it was listed.</returns>
    private static async Task<Dictionary<string, ChainHead>?> TryReadAsync(ISegmentStore store, string prefix, CancellationToken cancellationToken)
    {
        var heads = new Dictionary<string, ChainHead>(StringComparer.Ordinal);
        foreach (var name in (await store.ListAsync(prefix, cancellationToken)).Where(static name => Pattern().IsMatch(name)))
        {
            using var file = await store.OpenAsync(name, cancellationToken);
            if (file is null)
            {
                return null;
            }

            try
            {
                foreach (var (account, head) in HeadsFile.Decode(await File.ReadAllBytesAsync(file.Path, cancellationToken)).Heads)
                {
                    if (!heads.TryGetValue(account, out var known) || known.Sequence < head.Sequence)
                    {
                        heads[account] = head;
                    }
                }
            }
            catch (FileNotFoundException)
            {
                return null;
            }
            catch (FormatException)
            {
                throw new LedgerStoreException($"'{name}' is damaged: it says where the ledger begins after what was removed. Restore it.");
            }
        }

        return heads;
    }

    [GeneratedRegex("^_retired/partition-[0-9]{4}/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}[.]heads$", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
