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
    /// <summary>How often a snapshot is read that a former owner replaces meanwhile: it can do so once.</summary>
    private const int MaxSnapshotReads = 3;

    [ThreadStatic]
    private static ByteWriter? _snapshotWriter;

    // Of the stored snapshot; null when there is none. Not its bytes: what was read is in the account, and holding them too would double every account.
    private string? _snapshotETag;
    private StoredIdBlocks? _idBlocks;
    private long _snapshotBytes;
    private DateTimeOffset _snapshotAt;
    private DateTimeOffset _snapshotNotBefore;
    private Task _snapshotting = Task.CompletedTask;

    /// <summary>The account is its snapshot plus its entries in the partition's journal after it.</summary>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _scheduler = TaskScheduler.Current;
        _snapshotAt = _time.GetUtcNow();
        if (!_services.Ownership.IsMine(_services.Journal.PartitionOf(Id)))
        {
            LeaveToOwner();
            return;
        }

        try
        {
            // In this order: opening claims the partition, and only a snapshot read after that is sure to hold what a
            // former owner has trimmed from the log.
            _log = await _services.Journal.OpenAsync(Id, cancellationToken);
            _log.Owner = this;
            var (snapshot, idBlocks) = await ReadSnapshotAsync();
            await _log.Verify(snapshot.Record);
            _account = Recover(_log, snapshot, idBlocks);
            _snapshotBytes = BytesOf(snapshot);
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

        OpenToRouter();
    }

    /// <summary>
    /// Another silo owns the partition: whoever placed this here sees the cluster otherwise, or saw it earlier. Leaving at once, without an answer, is best for the callers: Orleans sends
    /// on what waits for an activation that leaves, to where it is placed now. What it has sent on too often it rejects, and the caller tries again.
    /// </summary>
    private void LeaveToOwner()
    {
        _outOfService = Unavailable(_services.JournalOptions.HandOverDelay);
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
        if (!_log!.LastCommit.IsCompleted)
        {
            // With periodic durability nobody else may be in a hurry. Whether it lands shows below.
            _ = _log.Flush();
        }

        // One that is under way may have begun before the last entries.
        await _snapshotting;
        await SnapshotAsync();
    }

    /// <summary>The stored snapshot, or an empty one, and the blocks of remembered ids that belong to it.</summary>
    /// <exception cref="FormatException">What is stored cannot be read.</exception>
    /// <exception cref="JournalUnavailableException">The store cannot be reached.</exception>
    private async Task<(AccountSnapshot Snapshot, List<ReadOnlyMemory<byte>> IdBlocks)> ReadSnapshotAsync()
    {
        var snapshot = await ReadStateAsync();
        for (var reads = 1; ; reads++)
        {
            try
            {
                return (snapshot, await ReadIdBlocksAsync(snapshot));
            }
            catch (FormatException) when (reads < MaxSnapshotReads)
            {
                // A former owner's last snapshot may have landed only now, and what that does not need any more may be removed.
                var before = _snapshotETag;
                snapshot = await ReadStateAsync();
                if (_snapshotETag == before)
                {
                    throw;
                }
            }
        }
    }

    private async Task<AccountSnapshot> ReadStateAsync()
    {
        var state = new GrainState<AccountSnapshot>(new AccountSnapshot());
        await ReadAsync("The snapshot", () => _services.Storage.ReadStateAsync(AccountStorage.StateName, this.GetGrainId(), state));
        _snapshotETag = state.RecordExists ? state.ETag : null;
        return state.RecordExists && state.State!.IsDamaged
            ? throw new FormatException("The snapshot's checksum does not fit its bytes.")
            : state.State!;
    }

    private async Task<List<ReadOnlyMemory<byte>>> ReadIdBlocksAsync(AccountSnapshot snapshot)
    {
        var blocks = new List<ReadOnlyMemory<byte>>();
        if (snapshot.SealedBlocks.Length + snapshot.DroppedBlocks.Length > 0)
        {
            _idBlocks ??= NewIdBlocks();
            await ReadAsync("Its remembered ids", async () => blocks = await _idBlocks.ReadAsync(snapshot));
        }

        if (snapshot.OpenBlock.Length > 0)
        {
            blocks.Add(snapshot.OpenBlock);
        }

        return blocks;
    }

    /// <param name="what">That is read, as a sentence begins with it.</param>
    /// <param name="read">Reads it.</param>
    /// <exception cref="FormatException">What is stored cannot be read.</exception>
    /// <exception cref="JournalUnavailableException">The store cannot be reached.</exception>
    private async Task ReadAsync(string what, Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (Exception failure) when (IsDamage(failure))
        {
            throw new FormatException($"{what} cannot be read: {failure.Message}", failure);
        }
        catch (Exception failure)
        {
            _services.Outages.SnapshotNotRead(Id, failure);
            throw new JournalUnavailableException($"{what} cannot be read now.", _options.SnapshotReadRetryDelay, failure);
        }
    }

    private StoredIdBlocks NewIdBlocks() => new(_services.Storage, this.GetGrainId(), _services.Logger);

    private static int BytesOf(AccountSnapshot snapshot) => snapshot.Bytes.Length + snapshot.OpenBlock.Length;

    /// <summary>
    /// What serializers throw at bytes they cannot make sense of. Storage providers have exceptions of their own for a store that
    /// cannot be reached: whatever else comes is taken for that, and tried again.
    /// </summary>
    private static bool IsDamage(Exception failure) => failure is FormatException or SerializerException or InvalidCastException
        or ArgumentException or NotSupportedException or IndexOutOfRangeException or OverflowException or (InvalidOperationException and not ObjectDisposedException);

    /// <exception cref="FormatException">Snapshot and entries do not make an account.</exception>
    private Account Recover(AccountJournal log, AccountSnapshot snapshot, List<ReadOnlyMemory<byte>> idBlocks)
    {
        try
        {
            var account = snapshot.Bytes.Length == 0
                ? new Account(Id, _options.Limits)
                : Account.Read(Id, snapshot.Bytes, idBlocks, _options.Limits);
            var covered = account.Sequence;
            KeepStateAfter(covered);
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
        Log.Quarantined(_services.Logger, Id, reason);
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
        // The last entry is of this turn: as good as the clock, and nearer.
        var clock = _account.LastAt;
        var outgrown = _log!.TailBytes > Math.Max(_options.MinSnapshotTailBytes, _snapshotBytes * _options.SnapshotTailRatio);
        if (clock >= _snapshotNotBefore && (outgrown || clock - _snapshotAt > _options.SnapshotInterval))
        {
            // Taken as written until it is, so that not every charge until then asks for it again.
            _snapshotNotBefore = clock + _options.SnapshotRetryDelay;
            Post(() => _ = SnapshotAsync());
        }
    }

    /// <summary>One at a time: of two that write at once one would find the other's ETag, and take it for another activation's.</summary>
    private Task SnapshotAsync()
    {
        if (_snapshotting.IsCompleted)
        {
            var writing = WriteSnapshotAsync();
            _snapshotting = writing.IsCompleted ? Task.CompletedTask : writing;
        }

        return _snapshotting;
    }

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
            var taken = TakeSnapshot();
            await taken.Committed;
            if (_snapshotETag is null)
            {
                await _services.Index.AddAsync(Id, CancellationToken.None);
            }

            // In this order: no snapshot is ever there without its blocks.
            var snapshot = await WithBlocksAsync(taken);
            var state = new GrainState<AccountSnapshot>(snapshot, _snapshotETag) { RecordExists = _snapshotETag is not null };
            await _services.Storage.WriteStateAsync(AccountStorage.StateName, this.GetGrainId(), state);
            _snapshotETag = state.ETag;
            lock (this)
            {
                _log.Snapshotted(taken.Sequence);
                _snapshotBytes = BytesOf(snapshot);
                _snapshotAt = _time.GetUtcNow();
                _snapshotNotBefore = default;
            }

            // And none is without them while it is the last.
            await (_idBlocks?.RemoveDroppedAsync() ?? Task.CompletedTask);
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
            _services.Outages.SnapshotFailed(Id, failure);
            lock (this)
            {
                _snapshotNotBefore = _time.GetUtcNow() + _options.SnapshotRetryDelay;
            }
        }
        finally
        {
            // Not to be kept: thousands of accounts, each with a new object, are what the garbage collector has to look for one by one in its pauses.
            _snapshotting = Task.CompletedTask;
        }
    }

    /// <summary>In a turn: little is written here. The blocks of remembered ids, which are most of it, are only taken.</summary>
    private TakenSnapshot TakeSnapshot()
    {
        lock (this)
        {
            var writer = _snapshotWriter ??= new ByteWriter();
            writer.Clear();
            _account.Write(writer);
            return new TakenSnapshot(writer.ToArray(), _account.Sequence, _log!.LastCommit, _account.TakeIdBlocks(_idBlocks?.Next ?? 0), _account.FirstIdBlock);
        }
    }

    /// <summary>Makes the sealed blocks durable and the snapshot that names them.</summary>
    private async Task<AccountSnapshot> WithBlocksAsync(TakenSnapshot taken)
    {
        try
        {
            if (taken.IdBlocks.Count > 1)
            {
                await (_idBlocks ??= NewIdBlocks()).WriteAsync(taken.IdBlocks);
            }

            _idBlocks?.DropBefore(taken.FirstIdBlock);
            return new AccountSnapshot
            {
                Bytes = taken.Bytes,
                OpenBlock = taken.IdBlocks.Count > 0 ? StoredIdBlocks.BytesOf(taken.IdBlocks[^1]) : [],
                SealedBlocks = _idBlocks?.Names ?? [],
                DroppedBlocks = _idBlocks?.Dropped ?? [],
                Record = _log!.LastRecordNumber,
            }.Sealed();
        }
        finally
        {
            lock (this)
            {
                _account.GiveBackIdBlocks();
            }
        }
    }

    /// <summary>What of the account a turn takes for its snapshot.</summary>
    /// <param name="Bytes">The state.</param>
    /// <param name="Sequence">Of its last entry.</param>
    /// <param name="Committed">Completes when that is durable.</param>
    /// <param name="IdBlocks">The blocks of remembered ids that are not stored yet, the open one last.</param>
    /// <param name="FirstIdBlock">The first block that belongs to it.</param>
    private sealed record TakenSnapshot(byte[] Bytes, long Sequence, Task Committed, IReadOnlyList<IdBlock> IdBlocks, long FirstIdBlock);
}
