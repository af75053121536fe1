using System.Text;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>An archive in memory that survives the silos of a test, and fails when it is told to.</summary>
internal sealed class MemoryArchive : IJournalArchive
{
    private readonly Lock _lock = new();
    private readonly List<(string Account, string Entries)> _taken = [];

    internal ArchiveProgress Progress { get; set; }

    internal int Appends { get; private set; }

    internal List<ArchiveProgress> Skips { get; } = [];

    /// <summary>While true, nothing is taken.</summary>
    internal bool IsFull { get; set; }

    /// <summary>After so many more batches it is full.</summary>
    internal int Room { get; set; } = int.MaxValue;

    /// <summary>So many times it takes what it is given, and yet fails, without having moved its progress.</summary>
    internal int Forgets { get; set; }

    internal (string Account, string Entries)[] Taken
    {
        get
        {
            lock (_lock)
            {
                return [.. _taken];
            }
        }
    }

    public Task<IArchivedPartition> OpenAsync(int partition, CancellationToken cancellationToken) => Task.FromResult<IArchivedPartition>(new Partition(this));

    private sealed class Partition(MemoryArchive archive) : IArchivedPartition
    {
        public ArchiveProgress Progress => archive.Progress;

        public Task SkipThroughAsync(ArchiveProgress before, CancellationToken cancellationToken)
        {
            archive.Skips.Add(before);
            archive.Progress = before;
            return Task.CompletedTask;
        }

        public Task AppendAsync(IReadOnlyList<ArchivedChunk> chunks, ArchiveProgress through, CancellationToken cancellationToken)
        {
            lock (archive._lock)
            {
                archive.Appends++;
                if (archive.IsFull || archive.Room-- <= 0)
                {
                    throw new JournalArchiveException("The disk is full.");
                }

                archive._taken.AddRange(chunks.Select(static chunk => (chunk.Account, Encoding.UTF8.GetString(chunk.Entries.Span))));
                if (archive.Forgets > 0)
                {
                    archive.Forgets--;
                    throw new JournalArchiveException("The connection was lost.");
                }

                archive.Progress = through;
            }

            return Task.CompletedTask;
        }
    }
}
