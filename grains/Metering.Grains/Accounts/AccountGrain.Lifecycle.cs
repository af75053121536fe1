using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Core.Encoding;
using Metering.Core.Entries;
using Metering.Grains.Journal;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Grains.Accounts;

/// <summary>Recovery, snapshots and leaving.</summary>
public sealed partial class AccountGrain
{
    private static readonly AccountSnapshot NoSnapshot = new();

    private readonly GrainState<AccountSnapshot> _snapshot = new(NoSnapshot);
    private long _snapshotBytes;
    private DateTimeOffset _snapshotAt;
    private DateTimeOffset _snapshotNotBefore;
    private Task _snapshotting = Task.CompletedTask;

    /// <summary>The account is its snapshot plus its entries in the partition's journal after it.</summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _scheduler = TaskScheduler.Current;
        _snapshotAt = _time.GetUtcNow();
        if (!_ownership.IsMine(_journal.PartitionOf(Id)))
        {
            LeaveToOwner();
            return;
        }

        try
        {
            // In this order: opening claims the partition, and only a snapshot read after that is sure to hold what a
            // former owner has trimmed from the log.
            _log = await _journal.OpenAsync(Id, cancellationToken);
            _log.Owner = this;
            await ReadSnapshotAsync();
            await _log.Verify(_snapshot.State!.Record);
            _account = Recover(_log, _snapshot.State!);
            WakeWhenDue();
        }
        catch (JournalUnavailableException unavailable)
        {
            _outOfService = Unavailable(unavailable.RetryAfter);
            LeaveSoon(unavailable.RetryAfter);
        }
        catch (AccountQuarantinedException damage)
        {
            Quarantine(damage.Message);
        }
        catch (FormatException damage)
        {
            // Law 10: what does not add up is not served. The bytes stay where they are, for an operator to look at.
            Quarantine($"Account {Id} is quarantined: {damage.Message}");
        }

        // What was read is in the account now: holding the bytes too would double every account.
        _snapshotBytes = _snapshot.State!.Bytes.Length;
        _snapshot.State = NoSnapshot;
        OpenToRouter();
    }

    /// <summary>
    /// Another silo owns the partition: whoever placed this here sees the cluster otherwise, or saw it earlier. Leaving at once, without an answer, is best for the callers: Orleans sends
    /// on what waits for an activation that leaves, to where it is placed now. What it has sent on too often it rejects, and the caller tries again.
    /// </summary>
    private void LeaveToOwner()
    {
        _outOfService = Unavailable(_journalOptions.HandOverDelay);
        Leave("Another silo owns its partition.");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        CloseToRouter();
        _watched?.Dispose();
        if (_log is null)
        {
            return;
        }

        if (_outOfService is null && !_log.IsLost)
        {
            // Callers wait meanwhile, and the journal has everything: nothing depends on this snapshot.
            await LastSnapshotAsync().WaitAsync(_options.MaxLastSnapshotWait, _time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }

        _log.Dispose();
    }

    /// <summary>Asked by the partition's checkpoint: this account pins its oldest records.</summary>
    public async Task Checkpoint()
    {
        if (_outOfService is not null)
        {
            return;
        }

        if (_log is not { IsLost: false })
        {
            GiveUp();
            return;
        }

        await LastSnapshotAsync();
    }

    /// <summary>Completes when a snapshot with everything until now has been written, or could not be.</summary>
    private async Task LastSnapshotAsync()
    {
        if (!_lastCommit.IsCompleted)
        {
            // With periodic durability nobody else may be in a hurry. Whether it lands shows below.
            _ = _log!.Flush();
        }

        // One that is under way may have begun before the last entries.
        await _snapshotting;
        await SnapshotAsync();
    }

    /// <exception cref="FormatException">What is stored cannot be read.</exception>
    /// <exception cref="JournalUnavailableException">The store cannot be reached.</exception>
    private async Task ReadSnapshotAsync()
    {
        try
        {
            await _storage.ReadStateAsync(AccountStorage.StateName, this.GetGrainId(), _snapshot);
        }
        catch (Exception failure) when (IsDamage(failure))
        {
            throw new FormatException($"The snapshot cannot be read: {failure.Message}", failure);
        }
        catch (Exception failure)
        {
            Log.SnapshotNotRead(_logger, Id, failure);
            throw new JournalUnavailableException("The snapshot cannot be read now.", _options.SnapshotRetryDelay, failure);
        }

        if (_snapshot.RecordExists && _snapshot.State!.IsDamaged)
        {
            throw new FormatException("The snapshot's checksum does not fit its bytes.");
        }
    }

    /// <summary>
    /// What serializers throw at bytes they cannot make sense of. Storage providers have exceptions of their own for a store that
    /// cannot be reached: whatever else comes is taken for that, and tried again.
    /// </summary>
    private static bool IsDamage(Exception failure) => failure is FormatException or SerializerException or InvalidCastException
        or ArgumentException or NotSupportedException or IndexOutOfRangeException or OverflowException or (InvalidOperationException and not ObjectDisposedException);

    /// <exception cref="FormatException">Snapshot and entries do not make an account.</exception>
    private Account Recover(AccountJournal log, AccountSnapshot snapshot)
    {
        try
        {
            var account = snapshot.Bytes.Length == 0
                ? new Account(Id, _options.Limits)
                : Account.Read(Id, snapshot.Bytes, _options.Limits);
            var covered = account.Sequence;
            foreach (var chunk in log.Tail)
            {
                Replay(account, chunk.Span);
            }

            KeepForReturningWatchers();

            log.Recovered();
            if (covered > 0)
            {
                log.Snapshotted(covered);
            }

            return account;
        }
        catch (Exception damage) when (damage is not FormatException)
        {
            // Nothing here waits or looks outside: whatever went wrong is in the bytes.
            throw new FormatException($"Its snapshot and entries do not fit together: {damage.Message}", damage);
        }
    }

    private void Quarantine(string reason)
    {
        Log.Quarantined(_logger, Id, reason);
        _outOfService = new Refusal { Code = Code.Quarantined, Detail = reason, Account = Id };
        LeaveSoon(Lingering);
    }

    private void Replay(Account account, ReadOnlySpan<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            var bytes = EntryFrame.Next(ref chunk);

            // A chunk may begin before the snapshot was taken.
            if (Entry.PeekSequence(bytes) > account.Sequence)
            {
                _watched ??= NewChanges(account.Sequence);
                var entry = Entry.Decode(bytes);
                _watched.Add(entry, entry.Balance - account.Balance);
                account.Apply(entry);
            }
        }
    }

    private void SnapshotWhenDue()
    {
        var clock = _time.GetUtcNow();
        var outgrown = _log!.TailBytes > Math.Max(_options.MinSnapshotTailBytes, _snapshotBytes * _options.SnapshotTailRatio);
        if (clock >= _snapshotNotBefore && (outgrown || clock - _snapshotAt > _options.SnapshotInterval))
        {
            // Taken as written until it is, so that not every charge until then asks for it again.
            _snapshotNotBefore = clock + _options.SnapshotRetryDelay;
            Post(() => _ = SnapshotAsync());
        }
    }

    /// <summary>One at a time: of two that write at once one would find the other's ETag, and take it for another activation's.</summary>
    private Task SnapshotAsync() => _snapshotting.IsCompleted ? _snapshotting = WriteSnapshotAsync() : _snapshotting;

    /// <summary>
    /// Writes the state as it is now, once the journal has all of it. Turns go on meanwhile. When the store fails the journal keeps the
    /// entries, and the next occasion tries again.
    /// </summary>
    private async Task WriteSnapshotAsync()
    {
        if (_log!.TailBytes == 0 || _log.IsLost)
        {
            return;
        }

        try
        {
            byte[] bytes;
            long sequence;
            Task committed;
            lock (_turn)
            {
                var writer = new ByteWriter((int)Math.Min(_snapshotBytes + 1024, Array.MaxLength / 2));
                _account.Write(writer);
                (bytes, sequence, committed) = (writer.ToArray(), _account.Sequence, _lastCommit);
            }

            await committed;
            if (!_snapshot.RecordExists)
            {
                await _index.AddAsync(Id, CancellationToken.None);
            }

            _snapshot.State = AccountSnapshot.Of(bytes, _log.LastRecordNumber);
            await _storage.WriteStateAsync(AccountStorage.StateName, this.GetGrainId(), _snapshot);
            lock (_turn)
            {
                _log.Snapshotted(sequence);
                _snapshotBytes = bytes.Length;
                _snapshotAt = _time.GetUtcNow();
                _snapshotNotBefore = default;
            }
        }
        catch (JournalLostException)
        {
            GiveUp();
        }
        catch (InconsistentStateException)
        {
            // Somebody else wrote this account's snapshot: there is another activation, and the journal's fence decides who is right.
            GiveUp();
        }
        catch (Exception failure)
        {
            Log.SnapshotFailed(_logger, Id, failure);
            lock (_turn)
            {
                _snapshotNotBefore = _time.GetUtcNow() + _options.SnapshotRetryDelay;
            }
        }
        finally
        {
            _snapshot.State = NoSnapshot;
        }
    }
}
