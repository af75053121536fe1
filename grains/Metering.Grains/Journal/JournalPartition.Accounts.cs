namespace Metering.Grains.Journal;

/// <summary>How accounts come to their part of the log, and leave it.</summary>
internal sealed partial class JournalPartition
{
    // Each of them reads the log from an account's oldest entries on: rare, and not to be done by a thousand accounts at once.
    private readonly SemaphoreSlim _rereads = new(2);

    /// <summary>Opens an account's part. An activation that had it open before loses it.</summary>
    internal async Task<AccountJournal> OpenAccountAsync(string account, CancellationToken cancellationToken)
    {
        AccountJournal journal;
        AccountTail tail;
        bool hasPending;
        lock (_index.Lock)
        {
            tail = _index.Get(account);
            if (tail.Damage is { } damage)
            {
                throw new AccountQuarantinedException(account, LogName, damage.Record, damage.Reason);
            }

            journal = new AccountJournal(this, tail);
            lock (_gate)
            {
                tail.Current?.GiveUp();
                hasPending = tail.PendingId > _committedId;
            }

            tail.Current = journal;
        }

        try
        {
            if (hasPending)
            {
                // The activation before left entries that are not durable yet; they belong to the tail.
                await Flush().WaitAsync(cancellationToken);
            }

            await RecoverAsync(journal, tail, cancellationToken);
        }
        catch (JournalLostException lost)
        {
            throw new JournalUnavailableException(lost.Message, _services.Options.ReopenDelay, lost);
        }
        catch
        {
            journal.Close();
            throw;
        }

        return journal.IsLost ? throw Unavailable(journal) : journal;
    }

    /// <summary>An activation ends.</summary>
    internal void CloseAccount(AccountJournal journal)
    {
        var tail = journal.State;
        lock (_index.Lock)
        {
            lock (_gate)
            {
                journal.GiveUp();
                if (tail.Current != journal)
                {
                    return;
                }

                tail.Current = null;
                if (tail.PendingId <= _committedId)
                {
                    _index.Forget(tail);
                }
            }
        }
    }

    /// <summary>Closes the account to everybody for as long as this owner has the partition.</summary>
    internal AccountQuarantinedException Quarantine(AccountTail tail, long record, string reason)
    {
        JournalMetrics.QuarantinedAccount();
        Log.AccountDamaged(_services.Logger, tail.Account, LogName, record, reason);
        lock (_index.Lock)
        {
            tail.Damage ??= new RecordDamage(record, reason);
        }

        return new AccountQuarantinedException(tail.Account, LogName, record, reason);
    }

    private async Task RecoverAsync(AccountJournal journal, AccountTail tail, CancellationToken cancellationToken)
    {
        lock (_index.Lock)
        {
            if (!tail.IsPinned || tail.Recovered is not null)
            {
                journal.Begin(tail.IsPinned ? [.. tail.Recovered!.Select(static chunk => chunk.Entries)] : []);
                return;
            }
        }

        await _rereads.WaitAsync(cancellationToken);
        try
        {
            var chunks = await RereadAsync(tail, cancellationToken);
            lock (_index.Lock)
            {
                journal.Begin(chunks);
            }
        }
        finally
        {
            _rereads.Release();
        }
    }

    private async Task<List<ReadOnlyMemory<byte>>> RereadAsync(AccountTail tail, CancellationToken cancellationToken)
    {
        long first;
        long last;
        lock (_index.Lock)
        {
            (first, last) = (tail.Oldest.Record, tail.LastRecord);
        }

        var entries = new List<ReadOnlyMemory<byte>>();
        var chunks = new List<RecordChunk>();
        var next = first;
        try
        {
            await LogReading.ReadAsync(_services, LogName, first - 1, record =>
            {
                _ = LogReading.Header(LogName, record);
                var fault = "";
                if (record.Number != next || !RecordReader.TryReadChunks(record.Bytes, chunks, out fault))
                {
                    throw new DamagedLogException(LogName, next, fault);
                }

                foreach (var chunk in chunks.Where(chunk => chunk.Account == tail.Account))
                {
                    // A copy: a slice would keep the whole record, with everybody's entries, in memory.
                    entries.Add(chunk.IsIntact ? chunk.Entries.ToArray() : throw new DamagedLogException(LogName, next, TailIndex.DamagedEntries));
                }

                return next++ < last;
            }, cancellationToken);
        }
        catch (DamagedLogException damage)
        {
            throw Distrust(damage);
        }
        catch (Exception exception) when (exception is JournalStoreException or TimeoutException)
        {
            throw new JournalUnavailableException($"{LogName} cannot be read.", _services.Options.ReopenDelay, exception);
        }

        return next == last + 1 ? entries : throw Distrust(new DamagedLogException(LogName, next, "the record is missing"));
    }

    /// <summary>
    /// What this owner committed is not there as it was: damage, or a new owner has trimmed the log already. Giving up decides it: the
    /// opening reads everything under a claim of its own and quarantines whom it must.
    /// </summary>
    private JournalUnavailableException Distrust(DamagedLogException damage)
    {
        Lose(JournalLoss.Uncertain, "what was committed cannot be read back", damage);
        return new JournalUnavailableException(damage.Message, _services.Options.ReopenDelay, damage);
    }

    private JournalUnavailableException Unavailable(AccountJournal journal) =>
        new($"{journal.Account} was opened again, or its partition was lost, while it was being opened.", _services.Options.ReopenDelay);
}
