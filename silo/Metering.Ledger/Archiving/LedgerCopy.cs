using Metering.Ledger.Segments;
using Metering.Ledger.States;

namespace Metering.Ledger.Archiving;

/// <summary>
/// A copy of a ledger's folder that fits a copy of the journal, made while a server goes on writing: heads first, then the journal (by the caller), then segments.
/// </summary>
/// <remarks>
/// <para>Heads that are older than the journal's copy are as if the archive had stopped there: what they do not reach is in the journal, and is archived again, the same rows. Heads that are newer
/// would pass for entries of a time that the copy does not have, so they are copied first, and of the segments only those that they speak of.</para>
/// <para>The one thing that can go wrong in between is a trim: then the journal's copy begins after the heads' end, and the caller begins again.</para>
/// </remarks>
public sealed class LedgerCopy
{
    /// <summary>Files vanish when heads or segments are merged; then the list is read anew.</summary>
    private const int MaxListings = 20;

    private readonly FolderSegmentStore _source;
    private readonly FolderSegmentStore _target;
    private Dictionary<int, Progress> _progress = [];

    private LedgerCopy(FolderSegmentStore source, FolderSegmentStore target) => (_source, _target) = (source, target);

    /// <summary>Copies the heads, and kept states: one that is newer than the journal's copy would be of a time that the copy does not have.</summary>
    /// <param name="source">The ledger's folder.</param>
    /// <param name="target">A folder that is empty or not there yet.</param>
    /// <param name="cancellationToken">Ends the copying; what was copied stays.</param>
    /// <exception cref="LedgerStoreException">One of them cannot be read or written.</exception>
    public static async Task<LedgerCopy> BeginAsync(string source, string target, CancellationToken cancellationToken)
    {
        var copy = new LedgerCopy(FolderSegmentStore.OpenToRead(source), FolderSegmentStore.OpenToWrite(target));
        _ = await copy.CopyAllAsync(() => copy._source.ListAsync(StateName.Root, cancellationToken), cancellationToken);
        var heads = await copy.CopyAllAsync(() => copy._source.ListAsync(HeadsFile.Root, cancellationToken), cancellationToken);
        copy._progress = await ProgressOfAsync(copy._target, heads.Select(HeadsFile.PartitionOf).Where(static partition => partition >= 0), cancellationToken);
        return copy;
    }

    /// <summary>How far the logs of partitions are in a ledger's folder.</summary>
    /// <exception cref="LedgerStoreException">It cannot be read.</exception>
    public static async Task<IReadOnlyDictionary<int, Progress>> ProgressOfAsync(string folder, IEnumerable<int> partitions, CancellationToken cancellationToken) =>
        await ProgressOfAsync(FolderSegmentStore.OpenToRead(folder), partitions, cancellationToken);

    /// <summary>How far a partition's log is in the copy.</summary>
    public Progress ProgressOf(int partition) => _progress.GetValueOrDefault(partition);

    /// <summary>Copies the segments that the heads speak of.</summary>
    /// <returns>False when one holds later entries as well, for it was merged after the heads were copied: begin again.</returns>
    /// <exception cref="LedgerStoreException">One of them cannot be read or written.</exception>
    public async Task<bool> TryCopySegmentsAsync(CancellationToken cancellationToken)
    {
        var fits = true;
        await CopyAllAsync(
            async () =>
            {
                var segments = (await _source.ListAsync("date=", cancellationToken)).Select(static path => (Path: path, Name: SegmentName.TryParse(path, out var name) ? name : null)).ToList();
                fits = !segments.Exists(segment => segment.Name is { } name && name.First <= ProgressOf(name.Partition).Record && name.Last > ProgressOf(name.Partition).Record);
                return fits ? [.. segments.Where(segment => segment.Name is { } name && name.Last <= ProgressOf(name.Partition).Record).Select(static segment => segment.Path)] : [];
            },
            cancellationToken);
        return fits;
    }

    private static async Task<Dictionary<int, Progress>> ProgressOfAsync(FolderSegmentStore store, IEnumerable<int> partitions, CancellationToken cancellationToken)
    {
        using var unused = new SegmentWriter();
        var progress = new Dictionary<int, Progress>();
        foreach (var partition in partitions.Distinct())
        {
            progress[partition] = (await PartitionArchive.OpenAsync(store, unused, partition, cancellationToken)).Progress;
        }

        return progress;
    }

    /// <summary>Copies files until a listing has nothing new, so that what a merge put in place of others is not missed.</summary>
    private async Task<HashSet<string>> CopyAllAsync(Func<Task<IReadOnlyList<string>>> list, CancellationToken cancellationToken)
    {
        var copied = new HashSet<string>(StringComparer.Ordinal);
        for (var listings = 0; listings < MaxListings; listings++)
        {
            var missing = (await list()).Where(name => !copied.Contains(name)).ToList();
            if (missing.Count == 0)
            {
                return copied;
            }

            foreach (var name in missing)
            {
                if (await TryCopyAsync(name, cancellationToken))
                {
                    copied.Add(name);
                }
            }
        }

        throw new LedgerStoreException($"The files of '{_source.Root}' change faster than they are copied.");
    }

    private async Task<bool> TryCopyAsync(string name, CancellationToken cancellationToken)
    {
        using var file = await _source.OpenAsync(name, cancellationToken);
        if (file is null)
        {
            return false;
        }

        var temporary = _target.NewTemporaryFile();
        try
        {
            File.Copy(file.Path, temporary, overwrite: true);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new LedgerStoreException($"'{file.Path}' cannot be copied: {fault.Message}", fault);
        }

        await _target.PutAsync(name, temporary, cancellationToken);
        return true;
    }
}
