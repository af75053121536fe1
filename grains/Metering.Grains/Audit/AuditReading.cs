using Metering.Contracts;
using Orleans.Serialization;

namespace Metering.Grains.Audit;

/// <summary>Reads the audit log: pages, newest first, and its chain, oldest first.</summary>
internal sealed class AuditReading(AuditChunks chunks, Serializer<AuditEntry> entries, AuditOptions options)
{
    private const char Any = '*';

    /// <summary>Chunks that are read from the store at the same time.</summary>
    private const int MaxReadsAtOnce = 16;

    /// <summary>The changes of which there is no last entry yet, and the ids of those that ended behind the first of them, in the last chunk at least; oldest first.</summary>
    public async Task<(IReadOnlyCollection<AuditEntry> Pending, IReadOnlyCollection<string> Ended)> ReadLastAsync()
    {
        var (pending, ended, known) = (new List<AuditEntry>(), new List<string>(), new HashSet<string>(StringComparer.Ordinal));
        if (chunks.Last is not { } last)
        {
            return ([], []);
        }

        // One after another they would take seconds where many changes are made: a change whose maker ended stays open for a quarter of an hour, and everything since then is read.
        var (next, atOnce, isEnough) = (chunks.LastNumber, 1, false);
        while (!isEnough && next >= chunks.First)
        {
            var newest = next;
            var count = (int)Math.Min(atOnce, newest - chunks.First + 1);
            foreach (var chunk in await Task.WhenAll(Enumerable.Range(0, count).Select(back => chunks.ReadAsync(newest - back))))
            {
                TakeNewestFirst(chunk?.Records ?? []);
                if (chunk?.First <= last.OldestPending)
                {
                    isEnough = true;
                    break;
                }
            }

            (next, atOnce) = (newest - count, Math.Min(atOnce * 2, MaxReadsAtOnce));
        }

        pending.Reverse();
        ended.Reverse();
        return (pending, ended);

        void TakeNewestFirst(IReadOnlyList<AuditRecord> records)
        {
            for (var i = records.Count - 1; i >= 0; i--)
            {
                var entry = entries.Deserialize(records[i].Entry)!;
                if (entry.Outcome != AuditOutcome.Pending)
                {
                    known.Add(entry.Intent.Id);
                    ended.Add(entry.Intent.Id);
                }
                else if (!known.Contains(entry.Intent.Id))
                {
                    pending.Add(entry);
                }
            }
        }
    }

    /// <param name="query">What is asked for.</param>
    /// <param name="isPending">Whether an entry that says so is the last that there is of its change; any other is left out.</param>
    public async Task<AuditPage> ReadAsync(AuditQuery query, Func<AuditEntry, bool> isPending)
    {
        var found = new List<AuditEntry>();
        var damaged = new List<long>();
        var bytes = 0;
        var number = query.Before?.Chunk ?? (query.To is { } to ? await FindAsync(to) : chunks.LastNumber);
        var below = query.Before?.Number ?? long.MaxValue;
        for (var read = 0; read < options.MaxChunksPerRead && number >= chunks.First; read++, number--)
        {
            if (await chunks.ReadAsync(number) is not { } chunk)
            {
                // Before the first entry there is no chunk, and what has grown old meanwhile is removed: nothing is missing.
                if (chunks.Last is not null && number >= chunks.First)
                {
                    damaged.Add(number);
                }

                continue;
            }

            for (var i = chunk.Records.Count - 1; i >= 0; i--)
            {
                if (chunk.First + i >= below)
                {
                    continue;
                }

                var entry = entries.Deserialize(chunk.Records[i].Entry)!;
                if (entry.At < query.From)
                {
                    return new AuditPage(found, Next: null, damaged);
                }

                if (!Fits(query, entry) || (entry.Outcome == AuditOutcome.Pending && !isPending(entry)))
                {
                    continue;
                }

                found.Add(entry);
                bytes += chunk.Records[i].Entry.Length;
                if (found.Count == query.Limit || bytes >= options.MaxPageBytes)
                {
                    return new AuditPage(found, i > 0 || number > chunks.First ? new AuditPlace(number, entry.Number) : null, damaged);
                }
            }

            below = Math.Min(below, chunk.First);
        }

        return new AuditPage(found, number >= chunks.First ? new AuditPlace(number, below) : null, damaged);
    }

    /// <summary>Follows the chain through some chunks, as the store has them.</summary>
    public async Task<AuditCheck> VerifyAsync(AuditCheck? after)
    {
        var check = after ?? new AuditCheck { Next = chunks.First };
        if (chunks.Last is null)
        {
            return check with { Next = null };
        }

        for (var read = 0; read < options.MaxChunksPerRead && check.Next is { } number; read++)
        {
            var chunk = await chunks.ReadStoredAsync(number);

            // What has grown old meanwhile is removed, and is no gap: it begins with what is left.
            check = number < chunks.First ? new AuditCheck { Next = chunks.First } : Follow(check, number, chunk);
        }

        return check;
    }

    private AuditCheck Follow(AuditCheck check, long number, AuditChunk? chunk)
    {
        var isFirst = check.First == 0;

        // The first chunk of all begins with 1; where old ones were removed, the first that is left is taken as it stands.
        var expected = isFirst ? (number == 0 ? 1 : chunk?.First ?? 1) : check.Last + 1;
        var hash = isFirst ? (number == 0 ? AuditChunk.NoHash : chunk?.HashBefore) : check.Hash;
        if (chunk is null || chunk.First != expected)
        {
            return Broken(check, expected, AuditBreakReason.Missing);
        }

        var changed = chunk.HashBefore.AsSpan().SequenceEqual(hash) ? chunk.FirstChanged() : chunk.First;
        return changed is { } at
            ? Broken(check, at, AuditBreakReason.Changed)
            : check with
            {
                First = isFirst ? chunk.First : check.First,
                Last = chunk.Next - 1,
                Hash = chunk.Hash,
                Next = number < chunks.LastNumber ? number + 1 : null,
            };
    }

    private static AuditCheck Broken(AuditCheck check, long number, AuditBreakReason reason) => check with { Break = new AuditBreak(number, reason), Next = null };

    /// <summary>The last chunk that has entries from before an instant.</summary>
    private async Task<long> FindAsync(DateTimeOffset to)
    {
        var (low, high) = (chunks.First, chunks.LastNumber);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (await chunks.ReadAsync(middle) is not { } chunk)
            {
                // It says nothing of its time: all that may have such entries are read.
                return high;
            }

            (low, high) = chunk.FirstAt < to ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private static bool Fits(AuditQuery query, AuditEntry entry) =>
        !(entry.At >= query.To)
        && (query.Operations.Count == 0 || query.Operations.Contains(entry.Intent.Operation))
        && Fits(query.Actor, entry.Intent.Actor)
        && Fits(query.Resource, entry.Intent.Resource);

    private static bool Fits(string? pattern, string name) =>
        pattern is null || (pattern.EndsWith(Any) ? name.AsSpan().StartsWith(pattern.AsSpan(..^1), StringComparison.Ordinal) : name == pattern);
}
