using Metering.Contracts;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Grains.Audit;

/// <summary>The audit log. What comes while a write is under way is written together next, so that many changes at once cost few writes.</summary>
/// <remarks>
/// <para>A change has two entries: that it is about to be made, written before, and what became of it, written before its caller hears. Whoever dies between them leaves the first; after
/// <see cref="AuditOptions.MaxPending"/> this writes that nobody knows. So there is no change without an entry, and no moment at which one could be lost.</para>
/// <para>Reentrant, so that calls can wait for their write together; there is no await between looking at memory and changing it. After a write that failed memory is not to be trusted any
/// more: everybody who waits is refused, and the next activation reads the truth.</para>
/// </remarks>
[HashBasedPlacement, Reentrant]
public sealed class AuditLogGrain : Grain, IAuditLogGrain
{
    private readonly AuditOptions _options;
    private readonly TimeProvider _time;
    private readonly Serializer<AuditEntry> _entries;
    private readonly ILogger _logger;
    private readonly AuditChunks _chunks;
    private readonly AuditReading _reading;

    // By the id of the intent: changes of which it is not known yet what became of them.
    private readonly Dictionary<string, OpenChange> _open = new(StringComparer.Ordinal);

    // The ids of those that ended last, for calls that are sent again.
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly Queue<string> _endedInOrder = new();
    private readonly Queue<WaitingEntry> _waiting = new();
    private bool _isWriting;
    private bool _hasFailed;

    public AuditLogGrain(
        IServiceProvider services,
        Serializer<AuditChunk> chunks,
        Serializer<AuditEntry> entries,
        IOptions<AuditOptions> options,
        TimeProvider time,
        ILogger<AuditLogGrain> logger)
    {
        (_options, _time, _entries, _logger) = (options.Value, time, entries, logger);
        _chunks = new AuditChunks(services.GetRequiredKeyedService<IGrainStorage>(AccountStorage.ProviderName), this.GetGrainId(), chunks, logger);
        _reading = new AuditReading(_chunks, entries, _options);
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await _chunks.OpenAsync();
        var (pending, ended) = await _reading.ReadLastAsync();
        foreach (var entry in pending)
        {
            _open[entry.Intent.Id] = new OpenChange(entry, Task.FromResult(entry.Number));
        }

        foreach (var id in ended)
        {
            Remember(id);
        }

        this.RegisterGrainTimer(KeepUp, new GrainTimerCreationOptions { DueTime = _options.UpkeepInterval, Period = _options.UpkeepInterval, KeepAlive = true, Interleave = true });
    }

    public Task<Answer<AuditReceipt>> Begin(AuditIntent intent)
    {
        // Nobody waits for an attempt that comes this late; its change has been made or refused by another.
        if (AttemptTime.IsOver(_time.GetUtcNow()) || _ended.Contains(intent.Id))
        {
            return Task.FromResult<Answer<AuditReceipt>>(NotWritten());
        }

        if (_open.TryGetValue(intent.Id, out var open))
        {
            return Written(open.Begun);
        }

        if (_open.Count >= _options.MaxOpen)
        {
            return Task.FromResult<Answer<AuditReceipt>>(new Refusal
            {
                Code = Code.Overloaded,
                Detail = "More changes are under way than the audit log takes: nothing was changed, send the request again after a pause.",
                RetryAfter = TimeSpan.FromSeconds(1),
            });
        }

        var entry = new AuditEntry { Number = 0, At = default, AskedAt = _time.GetUtcNow(), Intent = intent, Outcome = AuditOutcome.Pending };
        _open[intent.Id] = open = new OpenChange(entry, Write(entry));
        return Written(open.Begun);
    }

    public Task<Answer<AuditReceipt>> End(AuditResult result)
    {
        if (_open.TryGetValue(result.Intent, out var open))
        {
            return Written(open.Ended ??= Write(open.Entry with
            {
                Intent = result.Outcome == AuditOutcome.Done ? open.Entry.Intent with { Requested = null } : open.Entry.Intent,
                Outcome = result.Outcome,
                Refusal = result.Refusal,
                After = result.After,
            }));
        }

        if (_ended.Contains(result.Intent))
        {
            return Task.FromResult<Answer<AuditReceipt>>(new AuditReceipt(Number: 0));
        }

        // It began, or nobody would end it, and this knows nothing of it: another activation has written since. What the result is must not be lost with an answer that it was written.
        DeactivateOnIdle();
        return Task.FromResult<Answer<AuditReceipt>>(NotWritten());
    }

    public async Task<Answer<AuditPage>> Read(AuditQuery query) => await _reading.ReadAsync(query, IsPending);

    public async Task<Answer<AuditCheck>> Verify(AuditCheck? after) => await _reading.VerifyAsync(after);

    /// <summary>Whether an entry that says so is the last that there is of its change.</summary>
    private bool IsPending(AuditEntry entry) => _open.TryGetValue(entry.Intent.Id, out var open) && open.Entry.Number == entry.Number;

    private static async Task<Answer<AuditReceipt>> Written(Task<long> writing)
    {
        await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return writing.IsCompletedSuccessfully ? new AuditReceipt(writing.Result) : NotWritten();
    }

    private static Refusal NotWritten() => new()
    {
        Code = Code.Unavailable,
        Detail = "The audit log cannot be written at present, and no change is made that is not in it; send the request again.",
        RetryAfter = TimeSpan.FromSeconds(1),
    };

    /// <returns>The number of the entry, once it is durable.</returns>
    private Task<long> Write(AuditEntry entry)
    {
        var written = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_hasFailed)
        {
            written.SetException(new InvalidOperationException("A write before this one failed."));
            return written.Task;
        }

        _waiting.Enqueue(new WaitingEntry(entry, written));
        if (!_isWriting)
        {
            _isWriting = true;
            _ = WriteAll();
        }

        return written.Task;
    }

    private async Task WriteAll()
    {
        // What else comes in this turn goes along.
        await Task.Yield();
        while (_waiting.Count > 0)
        {
            var batch = new List<(WaitingEntry Waiting, AuditEntry Entry)>();
            try
            {
                var chunk = NextChunk(batch);
                await _chunks.WriteAsync(chunk);
                foreach (var (waiting, entry) in batch)
                {
                    Keep(entry);
                    waiting.Written.SetResult(entry.Number);
                }

                if (chunk.IsSealed)
                {
                    Log.AuditSealed(_logger, chunk.Next - 1, Convert.ToHexStringLower(chunk.Hash));
                }
            }
            catch (Exception failure)
            {
                GiveUp(failure, batch);
                return;
            }
        }

        _isWriting = false;
    }

    /// <summary>The last chunk, or one behind it, with as much of what waits as is written at once.</summary>
    private AuditChunk NextChunk(List<(WaitingEntry Waiting, AuditEntry Entry)> batch)
    {
        var last = _chunks.Last;
        var isNew = last is not { IsSealed: false };
        var records = isNew ? [] : last!.Records.ToList();
        var (number, before, at) = (last?.Next ?? 1, last?.Hash ?? AuditChunk.NoHash, last?.LastAt ?? default);
        var first = isNew ? number : last!.First;
        var now = _time.GetUtcNow();
        at = now > at ? now : at;
        var bytes = 0;
        while (_waiting.TryPeek(out var waiting))
        {
            var entry = waiting.Entry with { Number = number, At = at };
            var encoded = _entries.SerializeToArray(entry);
            if (bytes > 0 && bytes + encoded.Length > _options.MaxBatchBytes)
            {
                break;
            }

            _waiting.Dequeue();
            batch.Add((waiting, entry));
            records.Add(new AuditRecord(encoded, before = AuditRecord.HashOf(before, encoded)));
            bytes += encoded.Length;
            number++;
        }

        return new AuditChunk
        {
            First = first,
            HashBefore = isNew ? last?.Hash ?? AuditChunk.NoHash : last!.HashBefore,
            Records = records,
            IsSealed = records.Sum(static record => record.Entry.Length + record.Hash.Length) >= _options.MaxChunkBytes,
            OldestPending = OldestPending(number, batch),
            FirstAt = isNew ? at : last!.FirstAt,
            LastAt = at,
        };
    }

    /// <summary>What is pending once this batch is written; what waits behind it has no entry yet.</summary>
    private long OldestPending(long next, List<(WaitingEntry Waiting, AuditEntry Entry)> batch)
    {
        var ended = batch.Where(static each => each.Entry.Outcome != AuditOutcome.Pending).Select(static each => each.Entry.Intent.Id).ToHashSet(StringComparer.Ordinal);
        var begun = batch.Where(static each => each.Entry.Outcome == AuditOutcome.Pending).Select(static each => each.Entry.Number);
        var known = _open.Values.Where(open => open.Entry.Number > 0 && !ended.Contains(open.Entry.Intent.Id)).Select(static open => open.Entry.Number);
        return begun.Concat(known).DefaultIfEmpty(next).Min();
    }

    private void Keep(AuditEntry entry)
    {
        if (entry.Outcome == AuditOutcome.Pending)
        {
            _open[entry.Intent.Id].Entry = entry;
        }
        else
        {
            _open.Remove(entry.Intent.Id);
            Remember(entry.Intent.Id);
        }
    }

    private void Remember(string ended)
    {
        if (_ended.Add(ended))
        {
            _endedInOrder.Enqueue(ended);
        }

        while (_endedInOrder.Count > _options.MaxEnded)
        {
            _ended.Remove(_endedInOrder.Dequeue());
        }
    }

    private void GiveUp(Exception failure, List<(WaitingEntry Waiting, AuditEntry Entry)> batch)
    {
        // It may have landed all the same: the next activation reads the truth.
        _hasFailed = true;
        DeactivateOnIdle();
        Log.AuditNotWritten(_logger, failure);
        foreach (var waiting in batch.Select(static each => each.Waiting).Concat(_waiting))
        {
            waiting.Written.TrySetException(failure);
        }

        _waiting.Clear();
    }

    private async Task KeepUp(CancellationToken cancellationToken)
    {
        if (_hasFailed)
        {
            return;
        }

        var latest = _time.GetUtcNow() - _options.MaxPending;
        var forgotten = _open.Values.Where(open => open.Ended is null && open.Entry.Number > 0 && open.Entry.At < latest).ToList();
        if (forgotten.Count > 0)
        {
            Log.AuditUnknown(_logger, forgotten.Count);
            foreach (var open in forgotten)
            {
                open.Ended = Write(open.Entry with { Outcome = AuditOutcome.Unknown });
            }
        }

        await RemoveOld();
    }

    private async Task RemoveOld()
    {
        if (_options.Retention == TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await _chunks.RemoveLeftAsync();
            var oldest = _time.GetUtcNow() - _options.Retention;
            while (!_hasFailed && _chunks.First < _chunks.LastNumber && await LatestOfFirst() < oldest)
            {
                await _chunks.RemoveFirstAsync();
            }
        }
        catch (Exception exception)
        {
            Log.AuditNotRemoved(_logger, exception);
        }
    }

    /// <summary>When the oldest chunk ends; one that cannot be read is not younger than the next one.</summary>
    private async Task<DateTimeOffset?> LatestOfFirst() =>
        (await _chunks.ReadAsync(_chunks.First))?.LastAt ?? (await _chunks.ReadAsync(_chunks.First + 1))?.FirstAt;

    /// <summary>A change that is under way.</summary>
    private sealed class OpenChange(AuditEntry entry, Task<long> begun)
    {
        /// <summary>Its first entry; without a number until it is durable.</summary>
        public AuditEntry Entry { get; set; } = entry;

        public Task<long> Begun { get; } = begun;

        /// <summary>The write of its last entry; null while there is none.</summary>
        public Task<long>? Ended { get; set; }
    }

    private sealed record WaitingEntry(AuditEntry Entry, TaskCompletionSource<long> Written);
}
