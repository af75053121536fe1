namespace Metering.Grains.Journal;

/// <summary>
/// Brings the committed records of one partition to the archive, in order, behind the charging path: it reads them back from the store, so that it holds one batch in memory at most, and few partitions one at a time,
/// and a slow archive makes the log longer, not the process larger.
/// </summary>
/// <remarks>
/// <para>Why nothing is missing in the archive: records are read by number from the one after its progress, each must follow the one before by checksum, and the log is trimmed only
/// through what the archive has durably taken (<see cref="Checkpoint"/>). A damaged record stops the archive and with it the trimming: nobody archives a guess.</para>
/// <para>Why nothing is in it that never was: only records are read that the store cannot lose any more (<see cref="JournalPartition.ArchivableThrough"/>). An owner that
/// has lost the log without noticing reads what is committed all the same; the new owner archives the same records, and they are the same.</para>
/// <para>It looks once in the interval, and at once when a batch is full. After a failure it tries again after <see cref="RetryDelay"/>.</para>
/// </remarks>
internal sealed class Archiving : IDisposable
{
    /// <summary>Records without entries are told to the archive only in such numbers: each telling costs it a write.</summary>
    private const int MaxUntoldRecords = 64;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    /// <summary>So many times are remembered at which the log was seen to reach some record; beyond, the oldest that waits is told to be older than it is.</summary>
    private const int MaxSights = 1024;

    /// <summary>How long the archive may take for one batch. What comes of it later is harmless: the same is handed over again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly JournalServices _services;
    private readonly IJournalArchive _archive;
    private readonly JournalPartition _partition;
    private readonly int _number;
    private readonly long _countedAfter;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopped = new();
    private readonly List<RecordChunk> _chunks = [];
    private readonly Queue<(long Record, long At)> _sights = [];
    private IArchivedPartition? _archived;
    private LogTip _position;
    private long _through;
    private long _backlogBytes;
    private long _oldestAt;
    private string? _fault;
    private int _presses;

    internal Archiving(JournalServices services, IJournalArchive archive, JournalPartition partition, int number, long countedAfter, long backlogBytes)
    {
        _services = services;
        _archive = archive;
        _partition = partition;
        _number = number;
        _countedAfter = countedAfter;
        _backlogBytes = backlogBytes;
        _oldestAt = backlogBytes > 0 ? services.Time.GetTimestamp() : 0;
        var interval = services.Options.ArchiveInterval;
        _timer = services.Time.CreateTimer(static archiving => ((Archiving)archiving!).Press(), this, interval, interval);
    }

    /// <summary>The last record that the archive has durably taken, with all before it; 0 while that is not known.</summary>
    internal long Through => Volatile.Read(ref _through);

    /// <summary>Bytes of log that the archive has not taken, as far as this owner has seen them.</summary>
    internal long BacklogBytes => Volatile.Read(ref _backlogBytes);

    /// <summary>How long the oldest of them has been waiting, at most; zero when nothing waits.</summary>
    internal TimeSpan Age => Volatile.Read(ref _oldestAt) is > 0 and var since ? _services.Time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>Why it failed when it last tried; null when it did not.</summary>
    internal string? Fault => Volatile.Read(ref _fault);

    /// <summary>Takes note of a record that was committed.</summary>
    internal void Committed(int bytes)
    {
        var after = Interlocked.Add(ref _backlogBytes, bytes);
        Interlocked.CompareExchange(ref _oldestAt, _services.Time.GetTimestamp(), 0);
        var limit = _services.Options.MaxArchiveBatchBytes;
        if (after >= limit && after - bytes < limit)
        {
            Press();
        }

        if (after >= _services.Options.MaxArchiveBacklogBytes && after - bytes < _services.Options.MaxArchiveBacklogBytes)
        {
            Log.ArchiveBehind(_services.Logger, _partition.LogName, after);
        }
    }

    /// <summary>Looks now, or once more if it is just at it. Does not wait.</summary>
    internal void Press()
    {
        if (!_stopped.IsCancellationRequested && Interlocked.Increment(ref _presses) == 1)
        {
            _ = _services.Start(RunAsync);
        }
    }

    public void Dispose()
    {
        _stopped.Cancel();
        _timer.Dispose();
    }

    private async Task RunAsync()
    {
        int served;
        do
        {
            served = Volatile.Read(ref _presses);
            try
            {
                while (!_stopped.IsCancellationRequested && await TakeTurnAsync())
                {
                }

                Mend();
            }
            catch (Exception) when (_stopped.IsCancellationRequested)
            {
                // The partition has ended; the next owner goes on from where the archive has come to.
            }
            catch (Exception exception)
            {
                Fail(exception);
            }
        }
        while (Interlocked.Add(ref _presses, -served) > 0);
    }

    private async Task<bool> TakeTurnAsync()
    {
        await _services.ArchiveTurns.WaitAsync(_stopped.Token);
        try
        {
            return await ArchiveNextAsync();
        }
        finally
        {
            _services.ArchiveTurns.Release();
        }
    }

    /// <returns>False when there is nothing to archive now.</returns>
    private async Task<bool> ArchiveNextAsync()
    {
        var archived = _archived ??= await OpenAsync();
        var through = _partition.ArchivableThrough;
        if (through <= _position.Number)
        {
            return false;
        }

        See(through);
        var batch = new List<ArchivedChunk>();
        var (position, bytes, seen) = (_position, 0L, 0L);
        await LogReading.ReadAsync(_services, _partition.LogName, position.Number, record =>
        {
            if (record.Number > through)
            {
                return false;
            }

            position = Follow(position, record);
            Take(record, batch);
            bytes += record.Bytes.Length;
            seen += record.Number > _countedAfter ? record.Bytes.Length : 0;
            return record.Number < through && bytes < _services.Options.MaxArchiveBatchBytes;
        }, _stopped.Token);
        if (batch.Count > 0 || position.Number - archived.Progress.Record > MaxUntoldRecords)
        {
            await archived.AppendAsync(batch, new ArchiveProgress(position.Number, position.Checksum), _stopped.Token).WaitAsync(Patience, _services.Time);
        }

        var isLast = position.Number >= through;
        _position = position;
        Volatile.Write(ref _through, archived.Progress.Record);
        Interlocked.Add(ref _backlogBytes, -Math.Min(seen, BacklogBytes));
        Volatile.Write(ref _oldestAt, OldestAt());
        return !isLast;
    }

    /// <summary>Takes note that the log reaches a record now: what comes after it has not been waiting for longer.</summary>
    private void See(long through)
    {
        if (_sights.Count < MaxSights)
        {
            _sights.Enqueue((through, _services.Time.GetTimestamp()));
        }
    }

    /// <summary>Since when the oldest that waits has been there, at most; 0 when nothing waits.</summary>
    private long OldestAt()
    {
        var oldest = Volatile.Read(ref _oldestAt);
        while (_sights.TryPeek(out var sight) && sight.Record <= _position.Number)
        {
            oldest = _sights.Dequeue().At;
        }

        return BacklogBytes > 0 ? oldest : 0;
    }

    private LogTip Follow(LogTip before, JournalRecord record)
    {
        var header = LogReading.Header(_partition.LogName, record);
        return record.Number == before.Number + 1 && header.Previous == before.Checksum
            ? new LogTip(record.Number, header.Checksum)
            : throw new DamagedLogException(_partition.LogName, before.Number + 1, $"the record that comes next, {record.Number}, does not follow it");
    }

    private void Take(JournalRecord record, List<ArchivedChunk> batch)
    {
        if (!RecordReader.TryReadChunks(record.Bytes, _chunks, out var fault))
        {
            throw new DamagedLogException(_partition.LogName, record.Number, fault);
        }

        foreach (var chunk in _chunks)
        {
            batch.Add(chunk.IsIntact
                ? new ArchivedChunk(chunk.Account, chunk.Entries)
                : throw new DamagedLogException(_partition.LogName, record.Number, $"{chunk.Account}: {TailIndex.DamagedEntries}"));
        }
    }

    /// <summary>Finds where to go on, and makes sure that the archive is of this log.</summary>
    private async Task<IArchivedPartition> OpenAsync()
    {
        // In this order: whatever another owner archives and trims meanwhile, it trims nothing that its progress does not cover.
        var extent = await LogReading.Bounded(_services, _services.Store.OpenAsync(_partition.LogName, _stopped.Token));
        var archived = await _archive.OpenAsync(_number, _stopped.Token).WaitAsync(Patience, _services.Time);
        var last = await LogReading.Bounded(_services, _services.Store.LastAsync(_partition.LogName, _stopped.Token));
        var progress = archived.Progress;
        if (progress.Record > last)
        {
            throw Foreign(progress, $"the log ends at record {last}");
        }

        // The record after the one it has come to, or where that is trimmed the first there is, says what came before it.
        var first = await HeaderAsync(Math.Max(extent.First, Math.Min(progress.Record + 1, last)));
        var before = first.Number <= progress.Record ? new ArchiveProgress(first.Number, first.Checksum) : new ArchiveProgress(first.Number - 1, first.Previous);
        if (progress.Record == before.Record && progress.Checksum != before.Checksum)
        {
            throw Foreign(progress, "the log has another record of that number");
        }

        if (progress.Record < before.Record)
        {
            Log.ArchiveSkips(_services.Logger, _partition.LogName, progress.Record + 1, before.Record);
            await archived.SkipThroughAsync(before, _stopped.Token).WaitAsync(Patience, _services.Time);
        }

        _position = new LogTip(before.Record, before.Checksum);
        Volatile.Write(ref _through, archived.Progress.Record);
        return archived;
    }

    private async Task<RecordHeader> HeaderAsync(long number)
    {
        RecordHeader? found = null;
        await LogReading.ReadAsync(_services, _partition.LogName, number - 1, record =>
        {
            found = LogReading.Header(_partition.LogName, record);
            return false;
        }, _stopped.Token);
        return found is { } header && header.Number == number ? header : throw new DamagedLogException(_partition.LogName, number, "the record is missing");
    }

    private JournalArchiveException Foreign(ArchiveProgress progress, string why) => new(
        $"The archive has taken record {progress.Record} of {_partition.LogName}, but {why}: it belongs to another journal. Give this one an archive of its own.");

    private void Mend()
    {
        if (Interlocked.Exchange(ref _fault, null) is not null)
        {
            Log.ArchiveMended(_services.Logger, _partition.LogName);
        }
    }

    private void Fail(Exception exception)
    {
        // Looked for anew the next time: what it holds in memory may not be what is durable.
        _archived = null;
        if (Interlocked.Exchange(ref _fault, exception.Message) is null)
        {
            Log.ArchiveFailed(_services.Logger, exception, _partition.LogName);
        }

        var interval = _services.Options.ArchiveInterval;
        _timer.Change(RetryDelay < interval ? RetryDelay : interval, interval);
    }
}
