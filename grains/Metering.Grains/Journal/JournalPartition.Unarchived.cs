namespace Metering.Grains.Journal;

/// <summary>What the log has and the archive has not.</summary>
internal sealed partial class JournalPartition
{
    /// <summary>How often the log is read again because it was trimmed meanwhile.</summary>
    private const int MaxReadsOfUnarchived = 3;

    /// <inheritdoc cref="Journal.ReadUnarchivedAsync(int, string?, Action, Action{string, ReadOnlyMemory{byte}}, CancellationToken)"/>
    /// <exception cref="JournalUnavailableException">The log cannot be read now.</exception>
    /// <exception cref="JournalLostException">The partition has another owner.</exception>
    internal async Task<long> ReadUnarchivedAsync(string? account, Action begin, Action<string, ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            ThrowIfEnded();
            begin();
            var (after, through) = (Archiving?.Through ?? 0, LastRecordNumber);
            if (after >= through)
            {
                return after;
            }

            await _rereads.WaitAsync(cancellationToken);
            try
            {
                if (await ReadRangeAsync(account, after, through, take, cancellationToken) is { } before)
                {
                    return before;
                }
            }
            catch (Exception exception) when (exception is JournalStoreException or TimeoutException or DamagedLogException)
            {
                throw new JournalUnavailableException($"{LogName} cannot be read.", _services.Options.ReopenDelay, exception);
            }
            finally
            {
                _rereads.Release();
            }

            if (attempt == MaxReadsOfUnarchived)
            {
                throw new JournalUnavailableException($"{LogName} is trimmed faster than it can be read.", _services.Options.ReopenDelay);
            }
        }
    }

    /// <returns>The record before the first that was read. Null when the log begins later than asked, because the archive went on meanwhile and it was trimmed.</returns>
    private async Task<long?> ReadRangeAsync(string? account, long after, long through, Action<string, ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        var chunks = new List<RecordChunk>();
        var before = (long?)null;
        var isWhole = true;
        await LogReading.ReadAsync(_services, LogName, after, record =>
        {
            // Before the archive was opened its place is not known: what is there is then all there is.
            isWhole = before is not null || record.Number == after + 1 || after == 0;
            before ??= record.Number - 1;
            _ = LogReading.Header(LogName, record);
            if (!RecordReader.TryReadChunks(record.Bytes, chunks, out var fault))
            {
                throw new DamagedLogException(LogName, record.Number, fault);
            }

            foreach (var chunk in chunks.Where(chunk => account is null || chunk.Account == account))
            {
                take(chunk.Account, chunk.IsIntact ? chunk.Entries : throw new DamagedLogException(LogName, record.Number, TailIndex.DamagedEntries));
            }

            return isWhole && record.Number < through;
        }, cancellationToken);
        return isWhole ? before ?? through : null;
    }
}
