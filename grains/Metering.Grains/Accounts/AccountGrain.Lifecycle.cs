using Metering.Contracts;
using Metering.Core.Accounts;
using Metering.Core.Encoding;
using Metering.Core.Entries;
using Metering.Grains.Journal;
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
        _snapshotAt = _time.GetUtcNow();
        try
        {
            // In this order: opening claims the partition, and only a snapshot read after that is sure to hold what a
            // former owner has trimmed from the log.
            _log = await _journal.OpenAsync(Id, cancellationToken);
            _log.Owner = this;
            await _storage.ReadStateAsync(AccountStorage.StateName, this.GetGrainId(), _snapshot);
            await _log.Verify(_snapshot.State!.Record);
            _account = Recover(_log, _snapshot.State!);
        }
        catch (JournalUnavailableException unavailable)
        {
            _outOfService = Unavailable(unavailable.RetryAfter);
        }
        catch (AccountQuarantinedException damage)
        {
            Quarantine(damage.Message);
        }
        catch (Exception damage) when (damage is FormatException or InvalidOperationException or ArgumentException or OverflowException)
        {
            // Law 10: what does not add up is not served. The bytes stay where they are, for an operator to look at.
            Quarantine($"Account {Id} is quarantined: {damage.Message}");
        }

        // What was read is in the account now: holding the bytes too would double every account.
        _snapshotBytes = _snapshot.State!.Bytes.Length;
        _snapshot.State = NoSnapshot;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_log is null)
        {
            return;
        }

        if (_outOfService is null && !_log.IsLost)
        {
            await _snapshotting.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            await SnapshotAsync();
        }

        _log.Dispose();
    }

    /// <summary>Asked by the partition's checkpoint: this account pins its oldest records.</summary>
    public async Task Checkpoint()
    {
        if (_outOfService is not null || _log is null || _log.IsLost)
        {
            DeactivateOnIdle();
            return;
        }

        await _snapshotting;
        await SnapshotAsync();
    }

    private Account Recover(AccountJournal log, AccountSnapshot snapshot)
    {
        if (snapshot.Bytes.Length > 0 && snapshot.IsDamaged)
        {
            throw new FormatException("The snapshot's checksum does not fit its bytes.");
        }

        var account = snapshot.Bytes.Length == 0
            ? new Account(Id, _options.Limits)
            : Account.Read(Id, snapshot.Bytes, _options.Limits);
        var covered = account.Sequence;
        foreach (var chunk in log.Tail)
        {
            Replay(account, chunk.Span);
        }

        log.Recovered();
        if (covered > 0)
        {
            log.Snapshotted(covered);
        }

        return account;
    }

    private void Quarantine(string reason)
    {
        Log.Quarantined(_logger, Id, reason);
        _outOfService = new Refusal { Code = Code.Quarantined, Detail = reason, Account = Id };
    }

    private static void Replay(Account account, ReadOnlySpan<byte> chunk)
    {
        while (!chunk.IsEmpty)
        {
            var entry = EntryFrame.Next(ref chunk);

            // A chunk may begin before the snapshot was taken.
            if (Entry.PeekSequence(entry) > account.Sequence)
            {
                account.Apply(Entry.Decode(entry));
            }
        }
    }

    private void SnapshotWhenDue()
    {
        if (!_snapshotting.IsCompleted)
        {
            return;
        }

        var clock = _time.GetUtcNow();
        var outgrown = _log!.TailBytes > Math.Max(_options.MinSnapshotTailBytes, _snapshotBytes);
        if (clock >= _snapshotNotBefore && (outgrown || clock - _snapshotAt > _options.SnapshotInterval))
        {
            _snapshotting = SnapshotAsync();
        }
    }

    /// <summary>
    /// Writes the state as it is now, once the journal has all of it. Turns go on meanwhile. When the store fails the journal keeps the
    /// entries, and the next occasion tries again.
    /// </summary>
    private async Task SnapshotAsync()
    {
        if (_log!.TailBytes == 0)
        {
            return;
        }

        var writer = new ByteWriter((int)Math.Min(_snapshotBytes + 1024, Array.MaxLength / 2));
        _account.Write(writer);
        var bytes = writer.ToArray();
        var sequence = _account.Sequence;
        try
        {
            await _lastCommit;
            _snapshot.State = AccountSnapshot.Of(bytes, _log.LastRecordNumber);
            await _storage.WriteStateAsync(AccountStorage.StateName, this.GetGrainId(), _snapshot);
            _log.Snapshotted(sequence);
            _snapshotBytes = bytes.Length;
            _snapshotAt = _time.GetUtcNow();
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
            _snapshotNotBefore = _time.GetUtcNow() + _options.SnapshotRetryDelay;
        }
        finally
        {
            _snapshot.State = NoSnapshot;
        }
    }
}
