using Metering.Ledger.Segments;

namespace Metering.Ledger.States;

/// <summary>A state of an account that lies in the ledger.</summary>
/// <param name="Sequence">Of its last entry.</param>
/// <param name="At">When that happened.</param>
/// <param name="State">The account's state, in its own encoding.</param>
public sealed record StoredState(long Sequence, DateTimeOffset At, byte[] State);

/// <summary>
/// States of accounts, beside the segments: from where an account is brought to what it was, in place of its first entry. Any number of processes keep and read. Two that keep a state of the same account and entry keep the same,
/// and whatever is lost of them costs only time, or how far one can look back.
/// </summary>
public sealed class KeptStates(ISegmentStore store)
{
    /// <summary>Keeps a state; it is durable when the task completes.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached or has no room; it may be kept or not.</exception>
    public async Task PutAsync(string account, int partition, long sequence, DateTimeOffset at, ReadOnlyMemory<byte> state, CancellationToken cancellationToken)
    {
        var file = store.NewTemporaryFile();
        try
        {
            await File.WriteAllBytesAsync(file, StateFile.Encode(sequence, at, state.Span), cancellationToken);
            await store.PutAsync(StateName.Of(account, partition, sequence, at).Path, file, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LedgerStoreException($"A state cannot be written: {failure.Message}", failure);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Names of an account's states at or before a sequence and an instant, the latest first.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<IReadOnlyList<string>> ListAsync(string account, int partition, long sequence, DateTimeOffset at, CancellationToken cancellationToken) =>
    [
        .. (await store.ListAsync(StateName.Folder(account, partition), cancellationToken))
            .Where(path => StateName.TryParse(path, out var name) && name.Sequence <= sequence && name.At <= at)
            .Reverse(),
    ];

    /// <summary>Reads a state.</summary>
    /// <returns>Null when it is gone.</returns>
    /// <exception cref="FormatException">It is damaged, or of a later version.</exception>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    public async Task<StoredState?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        using var file = await store.OpenAsync(name, cancellationToken);
        if (file is null)
        {
            return null;
        }

        try
        {
            var (sequence, at, state) = StateFile.Decode(await File.ReadAllBytesAsync(file.Path, cancellationToken));
            return new StoredState(sequence, at, state);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LedgerStoreException($"'{name}' cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>Removes states of what happened before an instant: their entries go too.</summary>
    /// <exception cref="LedgerStoreException">The store cannot be reached.</exception>
    internal async Task RemoveBeforeAsync(DateTimeOffset before, Func<int, bool> isMine, CancellationToken cancellationToken)
    {
        foreach (var path in await store.ListAsync(StateName.Root, cancellationToken))
        {
            if (StateName.TryParse(path, out var name) && name.At < before && isMine(name.Partition))
            {
                await store.DeleteAsync(path, cancellationToken);
            }
        }
    }
}
