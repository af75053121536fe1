using Metering.Grains.Journal;
using Microsoft.Extensions.Logging;

namespace Metering.Silo.Storage.Azure;

/// <summary>Appends to one log, one record after the other, and says what became of each.</summary>
/// <remarks>
/// <para>
/// <b>The fence.</b> A record is one append block, taken by the service only if the segment still ends where the writer saw it end and is still the same
/// version (append position and ETag). Two writers of one number name the same place of the same segment: the service lets one through.
/// </para>
/// <para>
/// <b>Rolling</b> must not open a second place for one number. The full segment is sealed first, under the same condition as an append, and only then is its
/// successor created, named after the number that comes next. After the seal the service takes nothing more in the old segment, whatever a
/// former owner believes: its append fails, it looks again, and finds the number taken. A writer that dies between the two steps leaves
/// a log that ends in a sealed segment; whoever comes next creates the successor. Two may try: creation happens once, and then they meet at its first byte.
/// </para>
/// <para>
/// <b>A successor created too late.</b> A writer may sleep between seal and creation while others fill, seal and trim away that very segment; it then creates it
/// anew, empty, far behind the log's end. So nothing is appended to a created segment before the log was listed again and it proved to be the last.
/// The last segment is never trimmed, hence one that was ever trimmed has a later one beside it at every moment since. The stray blob lies below the trim and is
/// deleted by the next one; an append that was meant for its namesake carries the other's ETag.
/// </para>
/// <para>
/// <b>An uncertain append</b> may have landed, or land later, but only at its place. The client repeats it there; if the place is taken, the name in the frame tells whether by
/// itself. When that cannot be found out in time either, it throws and forgets what it knew, and the next step looks at the store.
/// </para>
/// </remarks>
internal sealed class SegmentWriter(SegmentedLog log, string name, AzureStoreOptions options, ILogger logger) : IDisposable
{
    // Each turn another writer got something done; an owner that loses this often has lost the log.
    private const int MaxAttempts = 16;

    private readonly SemaphoreSlim _turn = new(1);

    // The segment that took the last record, as it was afterwards; null when the store must be asked. Under _turn.
    private volatile Segment? _end;

    /// <summary>Tells what the log holds, after whatever this process is appending to it.</summary>
    public async Task<JournalExtent> OpenAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _end = null;
            var (list, end) = await FindEndAsync(cancellationToken);
            _end = end;
            var last = end?.Last ?? 0;
            return new JournalExtent(list.FirstNumber(last), last);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The number of the last record. Beside an append it may count that one or not.</summary>
    public async Task<long> LastAsync(CancellationToken cancellationToken)
    {
        // A segment that is not sealed has no successor: one look is enough. Unless it was trimmed away and created anew (above), which the same version
        // or more records rule out.
        if (_end is { } known
            && await log.FindAsync(known.First, cancellationToken) is { IsSealed: false } seen
            && (seen.ETag == known.ETag || seen.Records > known.Records))
        {
            return seen.Last;
        }

        return (await FindEndAsync(cancellationToken)).End?.Last ?? 0;
    }

    /// <summary>Appends the record. It goes on to its end when the caller no longer waits, unless its turn has not come.</summary>
    public async Task<AppendOutcome> AppendAsync(long number, Guid append, byte[] frame, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        return await AppendInTurnAsync(number, append, frame).WaitAsync(cancellationToken);
    }

    public void Dispose() => _turn.Dispose();

    private async Task<AppendOutcome> AppendInTurnAsync(long number, Guid append, byte[] frame)
    {
        var known = _end;
        _end = null;
        try
        {
            var (outcome, end) = await AppendAsync(known, number, append, frame);
            _end = end;
            return outcome;
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task<(AppendOutcome Outcome, Segment? End)> AppendAsync(Segment? known, long number, Guid append, byte[] frame)
    {
        // Only the store can say which side is behind. Memory is asked for the next number alone, and an append corrects it.
        var end = known is not null && known.Last == number - 1 ? known : (await FindEndAsync(CancellationToken.None)).End;
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var last = end?.Last ?? 0;
            if (number != last + 1)
            {
                return (number <= last ? AppendOutcome.Conflict : AppendOutcome.TailLost, end);
            }

            if (end is null || end.IsSealed || IsFull(end))
            {
                end = await RollAsync(end, number);
                continue;
            }

            if (await log.AppendAsync(end, frame, CancellationToken.None) is { } appended)
            {
                return (AppendOutcome.Appended, appended);
            }

            var place = end;
            end = (await FindEndAsync(CancellationToken.None)).End;
            if (end is not null && end.Last >= number && await log.HasAsync(place, append, CancellationToken.None))
            {
                return (AppendOutcome.Appended, end);
            }
        }

        throw new JournalStoreException($"Log {name} changed under each of {MaxAttempts} attempts to append to it.");
    }

    private bool IsFull(Segment segment) => segment.Records >= options.MaxSegmentRecords || segment.Length >= options.MaxSegmentBytes;

    /// <returns>The log's end as it is afterwards, wherever another writer may have moved it.</returns>
    private async Task<Segment?> RollAsync(Segment? full, long first)
    {
        if (full is null || full.IsSealed || await log.SealAsync(full, CancellationToken.None))
        {
            await log.CreateAsync(first, CancellationToken.None);
            Log.Rolled(logger, name, first);
        }

        return (await FindEndAsync(CancellationToken.None)).End;
    }

    /// <summary>Lists the log and looks at its last segment. Null when there is none.</summary>
    private async Task<(SegmentList List, Segment? End)> FindEndAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var list = await log.ListAsync(cancellationToken);
            if (list.Segments.Count == 0)
            {
                return list.Trimmed == 0
                    ? (list, null)
                    : throw new JournalStoreException($"Log {name} was trimmed through record {list.Trimmed}, but its segments are gone.");
            }

            if (await log.FindAsync(list.Segments[^1].First, cancellationToken) is { } last)
            {
                return (list, last);
            }
        }

        throw new JournalStoreException($"The last segment of log {name} was gone each of {MaxAttempts} times it was looked for.");
    }
}
