using System.Runtime.CompilerServices;
using Metering.Core.Entries;
using Metering.Grains.Journal;

namespace Metering.Grains.Accounts;

/// <summary>An account's entries, from the archive and, where that has not taken them yet, from the journal: a page of them in memory at a time.</summary>
/// <param name="archive">Null where no ledger is kept. Asked after the journal was read: what is archived in between is in both, and given once.</param>
/// <param name="account">Whose.</param>
/// <param name="partition">The account's.</param>
/// <param name="unarchived">What the journal has, decoded, in order.</param>
internal sealed class StoredEntries(IEntryArchive? archive, string account, int partition, IReadOnlyList<Entry> unarchived)
{
    private readonly SortedSet<string> _damaged = new(StringComparer.Ordinal);

    /// <summary>Parts of the archive that could not be read, so far.</summary>
    internal IReadOnlyCollection<string> Damaged => _damaged;

    /// <summary>Entries oldest first, each once.</summary>
    internal async IAsyncEnumerable<Entry> ReadAsync(EntryRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var more = archive is not null; more;)
        {
            var page = await archive!.ReadAsync(account, partition, range, cancellationToken);
            _damaged.UnionWith(page.Damaged);
            foreach (var entry in page.Entries)
            {
                yield return entry;
            }

            if (page.Entries.Count > 0)
            {
                range = range with { After = page.Entries[^1].Sequence, From = page.Entries[^1].At };
            }

            more = page.More;
        }

        foreach (var entry in unarchived.Where(range.Includes))
        {
            yield return entry;
        }
    }

    /// <summary>The sequence of the last entry before an instant; 0 when there is none.</summary>
    internal async Task<long> LastBeforeAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        unarchived.LastOrDefault(entry => entry.At < before)?.Sequence
        ?? (archive is null ? 0 : await archive.LastBeforeAsync(account, partition, before, cancellationToken));

    /// <summary>Where the first of the periods begins that count the usage of charges and settles in a range; null when there is none.</summary>
    internal async Task<DateTimeOffset?> FirstPeriodAsync(DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var first = archive is null ? null : await archive.FirstPeriodAsync(account, partition, from, before, cancellationToken);
        foreach (var paid in unarchived.OfType<PaidOperation>().Where(paid => paid.At >= from && paid.At < before && paid.Lines.Any(static line => line.Price.Length > 0)))
        {
            first = first < paid.PeriodStart ? first : paid.PeriodStart;
        }

        return first;
    }
}
