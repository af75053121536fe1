using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Metering.Grains.Journal;
using StackExchange.Redis;

namespace Metering.Silo.Storage.Redis;

/// <summary>The journal in Redis: a stream per log. How a record lies in it, and why the fence holds: <see cref="RedisScripts"/>.</summary>
internal sealed class RedisJournalStore(RedisConnections redis, string serviceId) : IJournalStore, IAnsweringStore
{
    // A page of a log while it is read: enough to make round trips rare, little enough that Redis is back with its other callers within milliseconds.
    private const int PageBytes = 1 << 20;
    private const int PageRecords = 1_024;

    // A replica may be behind, and its answers would be about the past.
    private const CommandFlags Primary = CommandFlags.DemandMaster;

    // Far below what Redis takes in one string (512 MiB): while it copies a record nobody else is answered.
    public int MaxRecordBytes => 16 << 20;

    public bool IsShared => true;

    // With appendfsync everysec when its machine dies; with any setting when a replica takes over.
    public bool MayLoseTail => true;

    public async Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken)
    {
        var key = Key(log);
        var extent = await redis.RunAsync(key, database => database.ScriptEvaluateAsync(RedisScripts.Extent, [key], [], Primary), cancellationToken);
        return new JournalExtent(Number((string?)extent[0]), Number((string?)extent[1]));
    }

    public async Task<long> LastAsync(string log, CancellationToken cancellationToken)
    {
        var key = Key(log);
        var last = await redis.RunAsync(
            key, database => database.StreamRangeAsync(key, count: 1, messageOrder: Order.Descending, flags: Primary), cancellationToken);
        return last is [var entry, ..] ? Number(((string?)entry.Id)?.Split('-')[0]) : 0;
    }

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        var key = Key(log);
        RedisResult page;
        do
        {
            RedisValue[] arguments = [after, PageBytes, PageRecords];
            page = await redis.RunAsync(key, database => database.ScriptEvaluateAsync(RedisScripts.Read, [key], arguments, Primary), cancellationToken);
            for (var part = 0; part + 1 < page.Length; part += 2)
            {
                after = Number((string?)page[part]);
                yield return new JournalRecord(after, (byte[]?)page[part + 1]);
            }
        }
        while (page.Length > 0);
    }

    public async Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfZero(record.Length, nameof(record));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(record.Length, MaxRecordBytes, nameof(record));
        var key = Key(log);

        // The caller may use its bytes again once the wait is over, and that can be before they are on their way.
        var copy = ArrayPool<byte>.Shared.Rent(record.Length);
        record.CopyTo(copy);
        RedisValue[] arguments = [number - 1, number, new ReadOnlyMemory<byte>(copy, 0, record.Length)];
        var last = await redis.RunAsync(key, database => database.ScriptEvaluateAsync(RedisScripts.Append, [key], arguments, Primary), cancellationToken);

        // Only an answer says that nobody reads the copy any more; without one it is left to the garbage collector.
        ArrayPool<byte>.Shared.Return(copy);
        if (last.IsNull)
        {
            return AppendOutcome.Appended;
        }

        return number <= Number((string?)last) ? AppendOutcome.Conflict : AppendOutcome.TailLost;
    }

    public async Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        if (through <= 0)
        {
            return;
        }

        var key = Key(log);
        _ = await redis.RunAsync(key, database => database.ScriptEvaluateAsync(RedisScripts.Trim, [key], [through], Primary), cancellationToken);
    }

    public async Task AskAsync(CancellationToken cancellationToken)
    {
        var key = Key("asked");
        try
        {
            await redis.RunAsync(key, database => database.KeyExistsAsync(key, Primary), cancellationToken);
        }
        catch (JournalStoreException refusal) when (refusal.InnerException is RedisServerException)
        {
            // An answer all the same.
        }
    }

    /// <summary>The braces put whatever else is kept of a log one day on the same node of a cluster.</summary>
    private string Key(string log)
    {
        ArgumentException.ThrowIfNullOrEmpty(log);
        return $"{{{serviceId}:{log}}}:journal";
    }

    private static long Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new JournalStoreException($"A stream of the journal has an entry with an id that no record has: {text}.");
}
