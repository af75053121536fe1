using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Metering.Core.Accounts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Grains.Tests.Accounts;

/// <summary>A snapshot on its way to the store, until the test lets it land.</summary>
internal sealed record HeldWrite(string Account, TaskCompletionSource Landing)
{
    internal void Let() => Landing.SetResult();
}

/// <summary>Grain states in memory, kept as bytes under ETags, beyond the life of a silo; and what stores do on bad days.</summary>
internal sealed class SnapshotStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string State, string Key), (byte[] Bytes, string ETag)> _states = [];
    private readonly Channel<HeldWrite> _held = Channel.CreateUnbounded<HeldWrite>();
    private readonly Channel<string> _written = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _refused = Channel.CreateUnbounded<string>();
    private int _etags;

    /// <summary>What writing an account's snapshot fails with; null when it works.</summary>
    internal Func<Exception>? WriteFailure { get; set; }

    /// <summary>What reading an account's snapshot fails with; null when it works.</summary>
    internal Func<Exception>? ReadFailure { get; set; }

    /// <summary>What writing a block of an account's remembered ids fails with; null when it works.</summary>
    internal Func<Exception>? BlockWriteFailure { get; set; }

    /// <summary>What removing a block fails with; null when it works.</summary>
    internal Func<Exception>? BlockRemovalFailure { get; set; }

    /// <summary>Told before a block is read, by its account.</summary>
    internal Action<string>? BeforeBlockRead { get; set; }

    /// <summary>Told of each change of an account's snapshot or blocks, right before it is made.</summary>
    internal Action? Changing { get; set; }

    /// <summary>What reading a rate card fails with; null when it works.</summary>
    internal Func<Exception>? CardFailure { get; set; }

    /// <summary>While true, snapshots wait in <see cref="NextHeldAsync"/>.</summary>
    internal bool Holds { get; set; }

    /// <summary>How often each account's snapshot has landed.</summary>
    internal ConcurrentDictionary<string, int> Landed { get; } = [];

    internal int Held => _held.Reader.Count;

    /// <summary>The next snapshot that waits to land.</summary>
    internal ValueTask<HeldWrite> NextHeldAsync() => _held.Reader.ReadAsync(TestContext.Current.CancellationToken);

    /// <summary>The account of the next snapshot that has landed, since the last one asked for.</summary>
    internal ValueTask<string> NextLandedAsync() => _written.Reader.ReadAsync(TestContext.Current.CancellationToken);

    /// <summary>The account of the next snapshot that was refused.</summary>
    internal ValueTask<string> NextRefusedAsync() => _refused.Reader.ReadAsync(TestContext.Current.CancellationToken);

    internal bool Has(string account)
    {
        lock (_lock)
        {
            return _states.ContainsKey((AccountStorage.StateName, account));
        }
    }

    internal byte[] Bytes(string account)
    {
        lock (_lock)
        {
            return _states[(AccountStorage.StateName, account)].Bytes;
        }
    }

    /// <summary>An account as its stored snapshot has it.</summary>
    internal Account Recall(string account, Serializer serializer)
    {
        var snapshot = Snapshot(account, serializer);
        Assert.False(snapshot.IsDamaged);
        var blocks = snapshot.SealedBlocks.Select(name => serializer.Deserialize<StoredIdBlock>(Read(name.StateName, account)!.Value.Bytes)!.Bytes);
        var open = snapshot.OpenBlock.Length == 0 ? Array.Empty<byte[]>() : [snapshot.OpenBlock];
        return Account.Read(account, snapshot.Bytes, [.. blocks.Concat(open).Select(static block => new ReadOnlyMemory<byte>(block))], new AccountLimits());
    }

    internal AccountSnapshot Snapshot(string account, Serializer serializer) => serializer.Deserialize<AccountSnapshot>(Bytes(account))!;

    /// <summary>The blocks of an account's remembered ids that are in the store, named or not, by state name.</summary>
    internal string[] Blocks(string account)
    {
        lock (_lock)
        {
            return [.. _states.Keys.Where(key => key.Key == account && IsBlock(key.State)).Select(static key => key.State).Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Overwrites a block behind the account's back, or takes it away.</summary>
    internal void ChangeBlock(string account, string block, Func<byte[], byte[]>? change)
    {
        lock (_lock)
        {
            var bytes = _states[(block, account)].Bytes;
            _states.Remove((block, account));
            if (change is not null)
            {
                _states[(block, account)] = (change(bytes), NextETag());
            }
        }
    }

    /// <summary>The state in an account's stored snapshot, as bytes.</summary>
    internal byte[] State(string account, Serializer serializer) => Snapshot(account, serializer).Bytes;

    /// <summary>Overwrites an account's stored bytes behind its back; the new ETag tells.</summary>
    internal void Change(string account, Func<byte[], byte[]> change)
    {
        lock (_lock)
        {
            var key = (AccountStorage.StateName, account);
            _states[key] = (change(_states[key].Bytes), NextETag());
        }
    }

    internal (byte[] Bytes, string ETag)? Read(string state, string key)
    {
        var isBlock = IsBlock(state);
        var failure = state == AccountStorage.StateName || isBlock ? ReadFailure : CardFailure;
        if (failure is not null)
        {
            throw failure();
        }

        if (isBlock)
        {
            BeforeBlockRead?.Invoke(key);
        }

        lock (_lock)
        {
            return _states.TryGetValue((state, key), out var found) ? found : null;
        }
    }

    /// <returns>The new ETag.</returns>
    internal async Task<string> WriteAsync(string state, string key, byte[] bytes, string? expected)
    {
        if (state == AccountStorage.StateName && Holds)
        {
            var held = new HeldWrite(key, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            _held.Writer.TryWrite(held);
            await held.Landing.Task;
        }

        if (state == AccountStorage.StateName && WriteFailure is { } failure)
        {
            _refused.Writer.TryWrite(key);
            throw failure();
        }

        if (IsBlock(state) && BlockWriteFailure is { } blockFailure)
        {
            _refused.Writer.TryWrite(key);
            throw blockFailure();
        }

        Tell(state);
        lock (_lock)
        {
            var stored = _states.TryGetValue((state, key), out var found) ? found.ETag : null;
            if (stored != expected)
            {
                _refused.Writer.TryWrite(key);
                throw new InconsistentStateException("Somebody else has written this state.", stored ?? "none", expected ?? "none");
            }

            var next = NextETag();
            _states[(state, key)] = (bytes, next);
            if (state == AccountStorage.StateName)
            {
                Landed.AddOrUpdate(key, 1, static (_, times) => times + 1);
                _written.Writer.TryWrite(key);
            }

            return next;
        }
    }

    internal void Clear(string state, string key, string? expected)
    {
        if (IsBlock(state) && BlockRemovalFailure is { } failure)
        {
            throw failure();
        }

        Tell(state);
        lock (_lock)
        {
            var stored = _states.TryGetValue((state, key), out var found) ? found.ETag : null;
            if (stored != expected)
            {
                throw new InconsistentStateException("Somebody else has written this state.", stored ?? "none", expected ?? "none");
            }

            _states.Remove((state, key));
        }
    }

    private void Tell(string state)
    {
        if (state == AccountStorage.StateName || IsBlock(state))
        {
            Changing?.Invoke();
        }
    }

    private static bool IsBlock(string state) => state.StartsWith("ids-", StringComparison.Ordinal);

    private string NextETag() => (++_etags).ToString(CultureInfo.InvariantCulture);
}
