using System.Buffers.Binary;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>What one partition has in the archive, whoever brought it there.</summary>
internal sealed class ArchivedLog(SimulatedLog log)
{
    private const int EntryBytes = 16;

    internal Dictionary<(string Account, long Sequence), long> Charges { get; } = [];

    internal ArchiveProgress Progress { get; private set; }

    /// <summary>The log went on with other records than those that were acknowledged.</summary>
    internal bool IsForgiven => log.IsRewritten;

    /// <summary>How many entries were brought again.</summary>
    internal int Repeated { get; private set; }

    /// <summary>Puts entries where readers see them. Nothing says yet that they are there.</summary>
    internal void Put(IReadOnlyList<ArchivedChunk> chunks)
    {
        foreach (var chunk in chunks)
        {
            for (var at = 0; at < chunk.Entries.Length; at += EntryBytes)
            {
                var sequence = BinaryPrimitives.ReadInt64LittleEndian(chunk.Entries.Span[at..]);
                var charge = BinaryPrimitives.ReadInt64LittleEndian(chunk.Entries.Span[(at + 8)..]);
                if (Charges.TryGetValue((chunk.Account, sequence), out var before))
                {
                    Repeated++;
                    Check(before == charge || log.IsRewritten, $"{chunk.Account} has charges {before} and {charge} as entry {sequence} in the archive");
                }

                Charges[(chunk.Account, sequence)] = charge;
            }
        }
    }

    /// <summary>Moves the progress, when what was put joins what is there.</summary>
    internal void Note(long first, ArchiveProgress through)
    {
        if (first <= Progress.Record + 1 && through.Record > Progress.Record)
        {
            Progress = through;
        }
    }

    /// <summary>A record is about to vanish from the log: it must be here.</summary>
    internal void CheckHas(long number, byte[] record)
    {
        Check(number <= Progress.Record, $"record {number} is trimmed, but the archive has come to {Progress.Record}");
        var chunks = new List<RecordChunk>();
        RecordReader.TryReadChunks(record, chunks, out _);
        foreach (var chunk in chunks)
        {
            for (var at = 0; at < chunk.Entries.Length; at += EntryBytes)
            {
                var sequence = BinaryPrimitives.ReadInt64LittleEndian(chunk.Entries.Span[at..]);
                Check(Charges.ContainsKey((chunk.Account, sequence)), $"record {number} is trimmed, but entry {sequence} of {chunk.Account} is not in the archive");
            }
        }
    }

    private void Check(bool holds, string fault)
    {
        if (!holds && !log.IsRewritten)
        {
            throw new LawBrokenException(fault);
        }
    }
}

/// <summary>The archive as one silo reaches it: entries first, then the progress, and the network may lose either.</summary>
internal sealed class SimulatedArchive(SimulatedDisk disk, SimulatedNetwork network, SimulatedSilo silo) : IJournalArchive
{
    public async Task<IArchivedPartition> OpenAsync(int partition, CancellationToken cancellationToken)
    {
        var archived = disk.Archived($"partition-{partition}");
        return new Partition(archived, await network.Ask(silo.Scheduler, () => archived.Progress), network, silo);
    }

    private sealed class Partition(ArchivedLog archived, ArchiveProgress progress, SimulatedNetwork network, SimulatedSilo silo) : IArchivedPartition
    {
        public ArchiveProgress Progress { get; private set; } = progress;

        public Task SkipThroughAsync(ArchiveProgress before, CancellationToken cancellationToken) =>
            network.Ask<bool>(silo.Scheduler, () => archived.IsForgiven
                ? true
                : throw new LawBrokenException($"Records {Progress.Record + 1} to {before.Record} were trimmed before the archive had them."));

        public async Task AppendAsync(IReadOnlyList<ArchivedChunk> chunks, ArchiveProgress through, CancellationToken cancellationToken)
        {
            var first = Progress.Record + 1;
            await network.Ask(silo.Scheduler, () =>
            {
                archived.Put(chunks);
                return true;
            });
            await network.Ask(silo.Scheduler, () =>
            {
                archived.Note(first, through);
                return true;
            });
            Progress = through;
        }
    }
}
