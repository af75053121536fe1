using System.Collections.Concurrent;
using System.Diagnostics;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.Ledger.Archiving;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

namespace Metering.Silo.Ledger;

/// <summary>The ledger as the journal's archive: takes accounts' parts of records apart into entries, and these into segments.</summary>
internal sealed class JournalArchive(ISegmentStore store, SegmentWriter writer) : IJournalArchive
{
    private readonly ConcurrentDictionary<int, PartitionArchive> _open = new();

    /// <summary>Where an account has come to in the ledger, as far as this silo has archived its partition; false when it does not know.</summary>
    public bool TryHead(int partition, string account, out ChainHead head)
    {
        head = default;
        return _open.TryGetValue(partition, out var archive) && archive.TryHead(account, out head);
    }

    /// <summary>How far a partition is in the ledger, and each of its accounts, as the store says now.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public Task<PartitionArchive> ReadHeadsAsync(int partition, CancellationToken cancellationToken) => PartitionArchive.OpenAsync(store, writer, partition, cancellationToken);

    public async Task<IArchivedPartition> OpenAsync(int partition, CancellationToken cancellationToken)
    {
        try
        {
            var archive = await PartitionArchive.OpenAsync(store, writer, partition, cancellationToken);
            _open[partition] = archive;
            return new ArchivedPartition(archive);
        }
        catch (LedgerStoreException fault)
        {
            LedgerMetrics.Failed();
            throw new JournalArchiveException(fault.Message, fault);
        }
    }

    private sealed class ArchivedPartition(PartitionArchive archive) : IArchivedPartition
    {
        public ArchiveProgress Progress => new(archive.Progress.Record, archive.Progress.Checksum);

        public Task SkipThroughAsync(ArchiveProgress before, CancellationToken cancellationToken) =>
            Guard(() => archive.SkipThroughAsync(new Progress(before.Record, before.Checksum), cancellationToken));

        public Task AppendAsync(IReadOnlyList<ArchivedChunk> chunks, ArchiveProgress through, CancellationToken cancellationToken) => Guard(async () =>
        {
            var begunAt = Stopwatch.GetTimestamp();
            var entries = 0;
            var batch = archive.Begin();
            foreach (var chunk in chunks)
            {
                var rest = chunk.Entries;
                while (!rest.IsEmpty)
                {
                    batch.Add(chunk.Account, EntryFrame.Next(ref rest));
                    entries++;
                }
            }

            await archive.CommitAsync(batch, new Progress(through.Record, through.Checksum), cancellationToken);
            LedgerMetrics.Took(entries, Stopwatch.GetElapsedTime(begunAt));
        });

        private static async Task Guard(Func<Task> step)
        {
            try
            {
                await step();
            }
            catch (LedgerStoreException fault)
            {
                LedgerMetrics.Failed();
                throw new JournalArchiveException(fault.Message, fault);
            }
            catch (FormatException damage)
            {
                LedgerMetrics.Failed();
                throw new JournalArchiveException($"An entry cannot be read: {damage.Message}", damage);
            }
        }
    }
}
