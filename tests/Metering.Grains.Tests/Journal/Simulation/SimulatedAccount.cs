using System.Buffers.Binary;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal.Simulation;

/// <summary>
/// An activation that keeps the rules of the account grain with the least of an account: charges are numbers, each is taken once, and
/// the state is the list of them in sequence.
/// </summary>
internal sealed class SimulatedAccount(SimulatedSilo silo, string account) : IJournalOwner
{
    private const int EntryBytes = 16;

    private readonly List<long> _charges = [];
    private AccountJournal _journal = null!;
    private Task _lastCommit = Task.CompletedTask;
    private long _snapshotVersion;
    private int _committed;
    private bool _isSaving;
    private bool _isDistrusted;

    internal bool IsLost => _isDistrusted || _journal.IsLost;

    internal IReadOnlyList<long> Charges => _charges;

    internal async Task ActivateAsync()
    {
        // The journal before the snapshot: only then is the snapshot sure to hold what was trimmed.
        _journal = await silo.Journal.OpenAsync(account, CancellationToken.None);
        _journal.Owner = this;
        try
        {
            await RecoverAsync();
        }
        catch
        {
            _journal.Close();
            throw;
        }
    }

    /// <summary>Takes a charge once; a retry finds it taken. Returns its sequence when it is durable, and whether it was new.</summary>
    internal async Task<(long Sequence, bool IsNew)> ChargeAsync(long charge)
    {
        var isNew = !_charges.Contains(charge);
        if (isNew)
        {
            if (!_journal.HasRoom)
            {
                throw new JournalUnavailableException("overloaded", TimeSpan.FromSeconds(1));
            }

            var entry = new byte[EntryBytes];
            BinaryPrimitives.WriteInt64LittleEndian(entry, _charges.Count + 1);
            BinaryPrimitives.WriteInt64LittleEndian(entry.AsSpan(8), charge);
            var commit = _journal.Append(_charges.Count + 1, entry);
            _charges.Add(charge);
            _lastCommit = commit;
        }

        var sequence = _charges.IndexOf(charge) + 1;
        await SettleAsync(_charges.Count, isNew ? _lastCommit : _journal.Confirm());
        return (sequence, isNew);
    }

    /// <summary>How many charges there are: what any read, or refusal, is decided by.</summary>
    internal async Task<long> ReadAsync()
    {
        var count = _charges.Count;
        await SettleAsync(count, _journal.Confirm());
        return count;
    }

    void IJournalOwner.JournalLost() => _isDistrusted = true;

    private async Task SettleAsync(int through, Task proof)
    {
        await _lastCommit;
        _committed = Math.Max(_committed, through);
        await proof;
    }

    internal async Task SnapshotAsync()
    {
        if (_isSaving || IsLost)
        {
            return;
        }

        _isSaving = true;
        try
        {
            var snapshot = new Snapshot(_snapshotVersion + 1, [.. _charges.Take(_committed)], _journal.LastRecordNumber);
            await silo.Save(account, snapshot);
            _snapshotVersion = snapshot.Version;
            _journal.Snapshotted(snapshot.Charges.Length);
        }
        catch
        {
            // Which version is there now is not known: the next activation reads it.
            _isDistrusted = true;
            throw;
        }
        finally
        {
            _isSaving = false;
        }
    }

    internal void Close() => _journal.Close();

    private async Task RecoverAsync()
    {
        var snapshot = await silo.Load(account);
        await _journal.Verify(snapshot.Record);
        _snapshotVersion = snapshot.Version;
        _charges.AddRange(snapshot.Charges);
        foreach (var entries in _journal.Tail)
        {
            for (var at = 0; at < entries.Length; at += EntryBytes)
            {
                Replay(
                    BinaryPrimitives.ReadInt64LittleEndian(entries.Span[at..]),
                    BinaryPrimitives.ReadInt64LittleEndian(entries.Span[(at + 8)..]));
            }
        }

        _committed = _charges.Count;
        _journal.Recovered();
        _journal.Snapshotted(snapshot.Charges.Length);
    }

    private void Replay(long sequence, long charge)
    {
        if (sequence <= _charges.Count)
        {
            Check(_charges[(int)sequence - 1] == charge, $"sequence {sequence} holds two different charges");
            return;
        }

        Check(sequence == _charges.Count + 1, $"after sequence {_charges.Count} comes {sequence}");
        Check(!_charges.Contains(charge), $"charge {charge} is in the log twice");
        _charges.Add(charge);
    }

    private void Check(bool holds, string fault)
    {
        if (!holds)
        {
            throw new LawBrokenException($"{account}: {fault}.") { Account = account };
        }
    }
}

/// <summary>The simulation found what must never be.</summary>
internal sealed class LawBrokenException(string message) : Exception(message)
{
    /// <summary>The account whose entries do not add up, and that would be quarantined.</summary>
    internal string? Account { get; init; }
}
