using DuckDB.NET.Data;
using Metering.Ledger.Segments;
using Metering.Ledger.States;

namespace Metering.Ledger.Upkeep;

/// <summary>What a round of retention did.</summary>
/// <param name="Removed">Segments that were removed.</param>
/// <param name="Faults">Partitions of which nothing was removed, and why.</param>
public sealed record RetentionReport(int Removed, IReadOnlyList<string> Faults);

/// <summary>Removes what happened too long ago, by whole hours; and says first, for each account, what the first entry that stays has to follow (<see cref="RetiredHeads"/>).</summary>
/// <remarks>
/// An account's time never runs backwards, so what goes is the beginning of each chain. Stated first, removed after: a crash in between leaves entries that are stated to be gone, and the next round removes
/// them. A segment that cannot be read stays, and with it all of its partition: nobody could say where the chains begin.
/// </remarks>
public sealed class Retention(ISegmentStore store, TimeProvider time)
{
    /// <summary>The shortest time to keep entries: an hour must be whole, and merged, before it goes.</summary>
    public static readonly TimeSpan LeastAge = TimeSpan.FromDays(1);

    /// <summary>Segments that are looked through at once.</summary>
    private const int MaxSegmentsAtOnce = 64;

    /// <summary>One round.</summary>
    /// <param name="age">Entries that are older go, with their hour. At least <see cref="LeastAge"/>.</param>
    /// <param name="isMine">Which partitions.</param>
    /// <param name="cancellationToken">Ends it; nothing is lost by that.</param>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<RetentionReport> RunAsync(TimeSpan age, Func<int, bool> isMine, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(age, LeastAge);
        var before = SegmentName.HourOf(time.GetUtcNow() - age);
        var old = (await store.ListAsync("date=", cancellationToken))
            .Select(static path => SegmentName.TryParse(path, out var name) ? name : null).OfType<SegmentName>()
            .Where(name => name.End <= before && isMine(name.Partition))
            .GroupBy(static name => name.Partition);
        var report = new RetentionReport(0, []);
        foreach (var partition in old)
        {
            try
            {
                await RemoveAsync(partition.Key, before, [.. partition.OrderBy(static name => name.Hour)], cancellationToken);
                report = report with { Removed = report.Removed + partition.Count() };
            }
            catch (DuckDBException damage)
            {
                report = report with { Faults = [.. report.Faults, $"partition {partition.Key}: {damage.Message}"] };
            }
        }

        await new KeptStates(store).RemoveBeforeAsync(before, isMine, cancellationToken);
        return report;
    }

    private async Task RemoveAsync(int partition, DateTimeOffset before, IReadOnlyList<SegmentName> segments, CancellationToken cancellationToken)
    {
        var heads = await RetiredHeads.ReadAsync(store, partition, cancellationToken);
        foreach (var some in segments.Chunk(MaxSegmentsAtOnce))
        {
            var files = new List<LocalFile>();
            try
            {
                foreach (var name in some)
                {
                    if (await store.OpenAsync(name.Path, cancellationToken) is { } file)
                    {
                        files.Add(file);
                    }
                }

                if (files.Count == 0)
                {
                    continue;
                }

                using var engine = new SegmentEngine($"{store.NewTemporaryFile()}.spill");
                foreach (var (account, head) in await Task.Run(() => engine.LastEntries([.. files.Select(static file => file.Path)]), CancellationToken.None))
                {
                    if (!heads.TryGetValue(account, out var known) || known.Sequence < head.Sequence)
                    {
                        heads[account] = head;
                    }
                }
            }
            finally
            {
                files.ForEach(static file => file.Dispose());
            }
        }

        await RetiredHeads.StateAsync(store, partition, before, heads, cancellationToken);
        foreach (var name in segments)
        {
            await store.DeleteAsync(name.Path, cancellationToken);
        }
    }
}
