using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>What becomes of an append.</summary>
internal enum AppendFate
{
    Normal = 0,

    /// <summary>Nothing is written, and the caller hears of a failure.</summary>
    Dropped = 1,

    /// <summary>It is written, and yet the caller hears of a failure.</summary>
    LandedButFailed = 2,

    Conflict = 3,
}

/// <summary>An append that waits until the test decides its fate.</summary>
internal sealed record HeldAppend(string Log, long Number, TaskCompletionSource<AppendFate> Fate)
{
    internal void Let(AppendFate fate = AppendFate.Normal) => Fate.SetResult(fate);
}

/// <summary>A store in memory that does to a journal what real stores do on bad days.</summary>
internal sealed class FaultyJournalStore : IJournalStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SortedDictionary<long, byte[]>> _logs = [];
    private readonly Channel<HeldAppend> _held = Channel.CreateUnbounded<HeldAppend>();
    private readonly Channel<TaskCompletionSource> _heldChecks = Channel.CreateUnbounded<TaskCompletionSource>();

    public int MaxRecordBytes { get; init; } = 64 << 20;

    public bool IsShared { get; init; }

    public bool MayLoseTail { get; init; }

    /// <summary>While true, appends to partitions wait in <see cref="NextHeldAsync"/>.</summary>
    internal bool Holds { get; set; }

    /// <summary>While true, every call fails.</summary>
    internal bool IsDown { get; set; }

    internal int Reads { get; private set; }

    /// <summary>How often somebody asked for the last number.</summary>
    internal int Checks { get; private set; }

    /// <summary>While true, who asks for the last number waits in <see cref="NextHeldCheckAsync"/>, and hears what it is when it is let.</summary>
    internal bool HoldsChecks { get; set; }

    internal int FailingTrims { get; set; }

    internal ValueTask<HeldAppend> NextHeldAsync() => _held.Reader.ReadAsync(TestContext.Current.CancellationToken);

    internal ValueTask<TaskCompletionSource> NextHeldCheckAsync() => _heldChecks.Reader.ReadAsync(TestContext.Current.CancellationToken);

    internal bool HasHeld => _held.Reader.TryPeek(out _);

    internal long[] Numbers(string log)
    {
        lock (_lock)
        {
            return [.. Records(log).Keys];
        }
    }

    internal byte[] Bytes(string log, long number)
    {
        lock (_lock)
        {
            return Records(log)[number];
        }
    }

    internal void Put(string log, long number, byte[] bytes)
    {
        lock (_lock)
        {
            Records(log)[number] = bytes;
        }
    }

    internal void Remove(string log, long number)
    {
        lock (_lock)
        {
            Records(log).Remove(number);
        }
    }

    /// <summary>Forgets the last records, as a server does that had not written them to its disk.</summary>
    internal void LoseTail(string log, int records)
    {
        lock (_lock)
        {
            foreach (var number in Records(log).Keys.TakeLast(records).ToArray())
            {
                Records(log).Remove(number);
            }
        }
    }

    public Task<JournalExtent> OpenAsync(string log, CancellationToken cancellationToken)
    {
        ThrowIfDown();
        lock (_lock)
        {
            return Task.FromResult(Extent(log));
        }
    }

    public async Task<long> LastAsync(string log, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Checks++;
        }

        if (HoldsChecks)
        {
            var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _heldChecks.Writer.TryWrite(held);
            await held.Task;
        }

        return (await OpenAsync(log, cancellationToken)).Last;
    }

    public async IAsyncEnumerable<JournalRecord> ReadAsync(string log, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ThrowIfDown();
        JournalRecord[] records;
        lock (_lock)
        {
            Reads++;
            records = [.. Records(log).Where(pair => pair.Key > after).Select(pair => new JournalRecord(pair.Key, (byte[])pair.Value.Clone()))];
        }

        foreach (var record in records)
        {
            await Task.CompletedTask;
            yield return record;
        }
    }

    public async Task<AppendOutcome> AppendAsync(string log, long number, ReadOnlyMemory<byte> record, CancellationToken cancellationToken)
    {
        ThrowIfDown();
        var bytes = record.ToArray();
        var fate = AppendFate.Normal;
        if (Holds && log != "cluster")
        {
            var held = new HeldAppend(log, number, new TaskCompletionSource<AppendFate>(TaskCreationOptions.RunContinuationsAsynchronously));
            _held.Writer.TryWrite(held);
            fate = await held.Fate.Task;
        }

        lock (_lock)
        {
            if (fate == AppendFate.Dropped)
            {
                throw new JournalStoreException("The connection was lost.");
            }

            var last = Extent(log).Last;
            if (fate == AppendFate.Conflict || number != last + 1)
            {
                return fate == AppendFate.Conflict || number <= last ? AppendOutcome.Conflict : AppendOutcome.TailLost;
            }

            Records(log).Add(number, bytes);
            return fate == AppendFate.LandedButFailed ? throw new JournalStoreException("The connection was lost.") : AppendOutcome.Appended;
        }
    }

    public Task TrimAsync(string log, long through, CancellationToken cancellationToken)
    {
        ThrowIfDown();
        lock (_lock)
        {
            if (FailingTrims > 0)
            {
                FailingTrims--;
                throw new JournalStoreException("The store is busy.");
            }

            var last = Extent(log).Last;
            foreach (var number in Records(log).Keys.Where(number => number <= through && number != last).ToArray())
            {
                Records(log).Remove(number);
            }
        }

        return Task.CompletedTask;
    }

    private SortedDictionary<long, byte[]> Records(string log) =>
        _logs.TryGetValue(log, out var records) ? records : _logs[log] = [];

    private JournalExtent Extent(string log) =>
        Records(log) is { Count: > 0 } records ? new JournalExtent(records.Keys.First(), records.Keys.Last()) : default;

    private void ThrowIfDown()
    {
        if (IsDown)
        {
            throw new JournalStoreException("The store is down.");
        }
    }
}
