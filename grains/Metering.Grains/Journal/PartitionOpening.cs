namespace Metering.Grains.Journal;

/// <summary>The last record of a log that is known to be committed.</summary>
internal readonly record struct LogTip(long Number, ulong Checksum);

/// <summary>
/// Opens a partition: finds the end of its log, claims the log by appending the next record, then reads what no snapshot
/// covers and indexes it by account.
/// </summary>
/// <remarks>
/// Claim first, then read. A mark is committed in a record before anybody trims by it, and after the claim the former owner commits
/// nothing more. So the mark in the record before the claim is the highest there will be until the next claim: whatever trim of a former
/// owner is still under way, every record above that mark stays, and a gap above it is damage, not a race. Reading first would confuse the two, and a long read
/// would lose the claim to a busy owner every time.
/// It also follows that a snapshot loaded after the opening holds all that was trimmed; one loaded before may not.
/// </remarks>
internal sealed class PartitionOpening(JournalServices services, string log, CancellationToken cancellationToken)
{
    /// <summary>Against an owner that still appends, one of so many claims is about certain to win.</summary>
    private const int MaxClaims = 32;

    private readonly TailIndex _index = new();
    private readonly List<RecordChunk> _chunks = [];
    private readonly Guid _writer = Guid.NewGuid();

    // What a former owner wrote last may vanish as well: it is retained as if it had been written just now.
    private readonly RetainedRecords? _retained = services.Store.MayLoseTail ? new RetainedRecords(services, log) : null;
    private long _records;
    private (long First, long Last) _content;

    /// <summary>Opens the log.</summary>
    /// <param name="known">The last record this silo knows to be committed; default when none.</param>
    /// <param name="retained">Records up to that one, which the store may have lost since; null when none are kept.</param>
    /// <exception cref="DamagedLogException">The log cannot be trusted.</exception>
    /// <exception cref="JournalUnavailableException">Another owner was faster each time.</exception>
    internal async Task<JournalPartition> OpenAsync(LogTip known, RetainedRecords? retained)
    {
        for (var claims = 0; claims < MaxClaims; claims++)
        {
            var (tip, mark) = await LogReading.TipAsync(services, log, cancellationToken);
            if (tip.Number < known.Number)
            {
                if (retained is null || await retained.RestoreAsync(tip, known, cancellationToken) == TailRepair.Impossible)
                {
                    throw new DamagedLogException(log, known.Number, $"the record was committed, but the log ends at record {tip.Number}");
                }
            }
            else if (await AppendEmptyAsync(tip, mark) is { } claim)
            {
                await ReadOwnedAsync(mark, claim, known);
                var maxRecordBytes = Math.Min(services.Options.MaxRecordBytes, services.Store.MaxRecordBytes);
                JournalMetrics.Opened();
                Log.PartitionOpened(services.Logger, log, claim.Number, _records, _index.TailBytes);
                return new JournalPartition(services, log, _writer, claim, mark, _content, _index, maxRecordBytes, _retained);
            }
        }

        throw new JournalUnavailableException($"Another owner of log {log} is appending.", services.Options.HandOverDelay);
    }

    /// <returns>The new tip; null when another owner was faster.</returns>
    private async Task<LogTip?> AppendEmptyAsync(LogTip tip, long mark)
    {
        var record = new byte[RecordFormat.HeaderBytes];
        var checksum = RecordFormat.WriteHeader(record, _writer, tip.Number + 1, tip.Checksum, mark, chunks: 0, indexBytes: 0);
        var outcome = await Bounded(services.Store.AppendAsync(log, tip.Number + 1, record, cancellationToken));
        return outcome == AppendOutcome.Appended ? new LogTip(tip.Number + 1, checksum) : null;
    }

    /// <summary>
    /// Reads under the claim. A newer owner may claim and trim while this one is still reading, which looks like a gap: so
    /// damage is believed only if this owner can still append.
    /// </summary>
    private async Task ReadOwnedAsync(long mark, LogTip claim, LogTip known)
    {
        try
        {
            await ReadAsync(mark, claim, known);
        }
        catch (DamagedLogException damage)
        {
            throw await AppendEmptyAsync(claim, mark) is not null
                ? damage
                : new JournalUnavailableException($"Another owner has taken log {log}.", services.Options.ReopenDelay, damage);
        }
    }

    private async Task ReadAsync(long mark, LogTip claim, LogTip known)
    {
        var now = services.Time.GetTimestamp();
        var tip = new LogTip(mark, 0);
        await LogReading.ReadAsync(services, log, mark, record =>
        {
            var header = LogReading.Header(log, record);
            if (record.Number != tip.Number + 1)
            {
                throw new DamagedLogException(log, tip.Number + 1, $"the record is missing; the next one there is {record.Number}");
            }

            // What came before the first record that is read was trimmed, or may be: only record 1 must have nothing before it.
            var isFirstRead = record.Number == mark + 1 && mark > 0;
            if (!isFirstRead && header.Previous != tip.Checksum)
            {
                throw new DamagedLogException(log, record.Number, $"it was not written after the record {tip.Number} that is in the log");
            }

            tip = new LogTip(record.Number, header.Checksum);
            if (record.Number == known.Number && header.Checksum != known.Checksum)
            {
                throw new DamagedLogException(log, record.Number, "another record was committed under this number");
            }

            Index(record, now);
            _retained?.Add(tip, record.Bytes, rented: null);
            return record.Number < claim.Number;
        }, cancellationToken);
        if (tip != claim)
        {
            throw new DamagedLogException(log, tip.Number + 1, $"the log ends before record {claim.Number}, which was committed");
        }
    }

    private void Index(JournalRecord record, long now)
    {
        if (!RecordReader.TryReadChunks(record.Bytes, _chunks, out var fault))
        {
            throw new DamagedLogException(log, record.Number, fault);
        }

        foreach (var chunk in _chunks.Where(static chunk => !chunk.IsIntact))
        {
            JournalMetrics.QuarantinedAccount();
            Log.AccountDamaged(services.Logger, chunk.Account, log, record.Number, TailIndex.DamagedEntries);
        }

        _records++;
        if (_chunks.Count > 0)
        {
            _content = (_content.First == 0 ? record.Number : _content.First, record.Number);
        }

        _index.Recover(record.Number, record.Bytes.Length, _chunks, now);
    }

    private Task<T> Bounded<T>(Task<T> step) => LogReading.Bounded(services, step);
}
