using System.Collections.Concurrent;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Ledger.Archiving;

/// <summary>
/// The ledger's end of one partition: turns batches of entries into segments, and remembers durably how far it has come and where each account stands.
/// </summary>
/// <remarks>
/// <para>Segments first, then the heads: a crash in between repeats the records of a batch, and they make the same rows again, links included, because the heads they follow are
/// the same. So repeating is harmless, and nothing is ever passed over.</para>
/// <para>Two owners may both archive for a while. Records are what they are whoever reads them, so both write the same rows; progress is read from all heads
/// there are, as far as they join without a gap.</para>
/// <para>One batch at a time. Heads may be asked for from any thread. They take some 100 bytes of memory for each account of the partition.</para>
/// </remarks>
public sealed class PartitionArchive
{
    /// <summary>So many files of heads are merged into one.</summary>
    private const int MaxHeadsFiles = 32;

    /// <summary>Heads that are merged while they are read have vanished; another listing or two find what they were merged into.</summary>
    private const int MaxListings = 8;

    private readonly ISegmentStore _store;
    private readonly SegmentWriter _writer;
    private readonly int _partition;
    private readonly ConcurrentDictionary<string, ChainHead> _heads = new(StringComparer.Ordinal);
    private readonly List<(string Name, long Last)> _files = [];

    private PartitionArchive(ISegmentStore store, SegmentWriter writer, int partition)
    {
        _store = store;
        _writer = writer;
        _partition = partition;
    }

    /// <summary>What is in the ledger for good.</summary>
    public Progress Progress { get; private set; }

    /// <summary>Reads how far a partition has come.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public static async Task<PartitionArchive> OpenAsync(ISegmentStore store, SegmentWriter writer, int partition, CancellationToken cancellationToken)
    {
        var archive = new PartitionArchive(store, writer, partition);
        foreach (var heads in await archive.ReadHeadsAsync(cancellationToken))
        {
            // In the order of their last records; those of a former owner may overlap the ones of the next.
            if (heads.First <= archive.Progress.Record + 1 && heads.Last > archive.Progress.Record)
            {
                archive.Take(heads);
            }
        }

        return archive;
    }

    /// <summary>Where an account has come to in the ledger; false when it has no entry in it.</summary>
    public bool TryHead(string account, out ChainHead head) => _heads.TryGetValue(account, out head);

    /// <summary>
    /// Goes on after a later record: those before it were trimmed while nobody archived. Accounts that had entries among them begin a new chain, and what is missing shows when
    /// it is verified.
    /// </summary>
    /// <param name="before">The record that the next batch follows.</param>
    /// <param name="cancellationToken">Cancels the change; it must then be tried again.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task SkipThroughAsync(Progress before, CancellationToken cancellationToken)
    {
        await PutHeadsAsync(new HeadsFile(1, before.Record, before.Checksum, _heads), cancellationToken);
        Progress = before;
    }

    /// <summary>A batch to be filled with the entries of the records after <see cref="Progress"/>, in order.</summary>
    public LedgerBatch Begin() => new(this);

    /// <summary>Puts a batch into the ledger. When the task completes it is durable and <see cref="Progress"/> is at its last record.</summary>
    /// <param name="batch">Begun since the last commit.</param>
    /// <param name="through">Its last record.</param>
    /// <param name="cancellationToken">Cancels the wait; the batch may then be in the ledger or not, and repeating it is harmless.</param>
    /// <exception cref="LedgerStoreException">It may be in the ledger or not; repeating it is harmless.</exception>
    public async Task CommitAsync(LedgerBatch batch, Progress through, CancellationToken cancellationToken)
    {
        if (!batch.IsEmpty)
        {
            await PutSegmentsAsync(batch, through, cancellationToken);
        }

        var heads = new HeadsFile(Progress.Record + 1, through.Record, through.Checksum, batch.Heads);
        await PutHeadsAsync(heads, cancellationToken);
        Take(heads);
        if (_files.Count > MaxHeadsFiles)
        {
            await MergeHeadsAsync(cancellationToken);
        }
    }

    private async Task PutSegmentsAsync(LedgerBatch batch, Progress through, CancellationToken cancellationToken)
    {
        var files = await _writer.WriteAsync(batch.Hours(), _store.NewTemporaryFile, cancellationToken);
        try
        {
            foreach (var (hour, file) in files)
            {
                await _store.PutAsync(new SegmentName(hour, _partition, Progress.Record + 1, through.Record).Path, file, cancellationToken);
            }
        }
        finally
        {
            foreach (var (_, file) in files)
            {
                File.Delete(file);
            }
        }
    }

    private async Task PutHeadsAsync(HeadsFile heads, CancellationToken cancellationToken)
    {
        var file = _store.NewTemporaryFile();
        try
        {
            await File.WriteAllBytesAsync(file, heads.Encode(), cancellationToken);
            await _store.PutAsync(heads.NameIn(_partition), file, cancellationToken);
        }
        catch (IOException exception)
        {
            throw new LedgerStoreException($"The heads of the ledger cannot be written: {exception.Message}", exception);
        }
        finally
        {
            File.Delete(file);
        }

        _files.Add((heads.NameIn(_partition), heads.Last));
    }

    /// <summary>One file of all heads in place of many: written before those go.</summary>
    private async Task MergeHeadsAsync(CancellationToken cancellationToken)
    {
        var all = new HeadsFile(1, Progress.Record, Progress.Checksum, _heads);
        var merged = _files.Where(file => file.Last <= all.Last && file.Name != all.NameIn(_partition)).ToList();
        await PutHeadsAsync(all, cancellationToken);
        foreach (var file in merged)
        {
            await _store.DeleteAsync(file.Name, cancellationToken);
            _files.Remove(file);
        }
    }

    private void Take(HeadsFile heads)
    {
        foreach (var (account, head) in heads.Heads)
        {
            // Heads of a former owner may come after those of the next, and be older.
            _heads.AddOrUpdate(account, head, (_, known) => known.Sequence > head.Sequence ? known : head);
        }

        Progress = new Progress(heads.Last, heads.Checksum);
    }

    /// <summary>All that can be read, those that end first before the others. What cannot be read is as good as not written: its records are archived again.</summary>
    private async Task<List<HeadsFile>> ReadHeadsAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= MaxListings; attempt++)
        {
            if (await TryReadHeadsAsync(cancellationToken) is { } found)
            {
                return [.. found.OrderBy(static heads => heads.Last).ThenBy(static heads => heads.First)];
            }

            _files.Clear();
        }

        throw new LedgerStoreException($"The heads of partition {_partition} change faster than they can be read.");
    }

    /// <returns>Null when one was merged into another since it was listed. Passed over, it would look as if the partition had never come that far.</returns>
    private async Task<List<HeadsFile>?> TryReadHeadsAsync(CancellationToken cancellationToken)
    {
        var found = new List<HeadsFile>();
        foreach (var name in await _store.ListAsync(HeadsFile.Folder(_partition), cancellationToken))
        {
            if (!HeadsFile.TryParse(name, out _, out var last))
            {
                continue;
            }

            using var file = await _store.OpenAsync(name, cancellationToken);
            if (file is null)
            {
                return null;
            }

            try
            {
                found.Add(HeadsFile.Decode(await File.ReadAllBytesAsync(file.Path, cancellationToken)));
                _files.Add((name, last));
            }
            catch (FormatException)
            {
                // Left where it is: the next merge of heads does not know it, and an operator may.
            }
            catch (FileNotFoundException)
            {
                return null;
            }
            catch (IOException exception)
            {
                throw new LedgerStoreException($"The heads of the ledger cannot be read: {exception.Message}", exception);
            }
        }

        return found;
    }
}
