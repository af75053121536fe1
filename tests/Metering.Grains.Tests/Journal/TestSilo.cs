using System.Text;
using Metering.Grains.Journal;
using Microsoft.Extensions.Logging.Abstractions;
using SiloJournal = Metering.Grains.Journal.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>A silo's journal on a store and a clock of the test's.</summary>
internal sealed class TestSilo : IDisposable, ICheckpointCaller, IPartitionOwnership
{
    internal const string Log = "partition-0";

    internal TestSilo(FaultyJournalStore store, JournalOptions? options = null, IJournalArchive? archive = null)
    {
        Options = options ?? new JournalOptions();
        Journal = new SiloJournal(new JournalServices(store, Options, Time, TaskScheduler.Default, this, this, NullLogger.Instance) { Archive = archive });
    }

    internal JournalOptions Options { get; }

    internal TestClock Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal SiloJournal Journal { get; }

    /// <summary>What an account does when the checkpoint asks it.</summary>
    internal Func<string, Task> OnCheckpoint { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whether the silo takes itself for the owner of its partitions.</summary>
    internal bool IsOwner { get; set; } = true;

    internal Task<AccountJournal> Open(string account) => Journal.OpenAsync(account, TestContext.Current.CancellationToken);

    public Task Checkpoint(string account) => OnCheckpoint(account);

    public bool IsMine(int partition) => IsOwner;

    public void Dispose() => Journal.Dispose();
}

internal static class Entries
{
    internal static Task Append(this AccountJournal journal, long sequence, string entries) => journal.Append(sequence, Encoding.UTF8.GetBytes(entries));

    internal static string[] Text(this IEnumerable<ReadOnlyMemory<byte>> tail) => [.. tail.Select(entries => Encoding.UTF8.GetString(entries.Span))];

    /// <summary>Waits for something that happens on its own; the test's timeout is the limit.</summary>
    internal static async Task Until(Func<bool> condition)
    {
        while (!condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
