using System.Text;
using Metering.Contracts;

namespace Metering.Grains.Journal;

/// <summary>
/// The silo's part of the journal: opens partitions as their accounts activate, and lets go of them when the silo stops.
/// One per silo; every member may be called from any thread.
/// </summary>
public sealed partial class Journal : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly JournalServices _services;
    private readonly PartitionSlot[] _slots;
    private readonly Lock _lock = new();
    private Task? _checked;

    internal Journal(JournalServices services)
    {
        _services = services;
        _slots = [.. Enumerable.Range(0, services.Options.Partitions).Select(number => new PartitionSlot(services, number))];
    }

    /// <summary>How many partitions there are.</summary>
    public int Partitions => _slots.Length;

    /// <summary>Whether this silo has the partition open.</summary>
    public bool IsOpen(int partition) => _slots[partition].Current is not null;

    /// <summary>The partition of an account: 0 to the number of partitions − 1.</summary>
    public int PartitionOf(string account) => AccountPartition.Of(account, _slots.Length);

    /// <summary>
    /// Opens an account's part of the journal, and its partition if need be. Do it before the account's snapshot is
    /// loaded (see <see cref="AccountJournal"/>).
    /// </summary>
    /// <exception cref="JournalUnavailableException">The partition cannot be opened now.</exception>
    /// <exception cref="AccountQuarantinedException">The account's part of the log is damaged.</exception>
    /// <exception cref="JournalSettingsException">The store was created with other settings.</exception>
    public async Task<AccountJournal> OpenAsync(string account, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(account);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(account), RecordFormat.MaxAccountBytes, nameof(account));
        await CheckStoreAsync(cancellationToken);
        var slot = _slots[PartitionOf(account)];
        try
        {
            var partition = await slot.GetAsync(cancellationToken);
            return await partition.OpenAccountAsync(account, cancellationToken);
        }
        catch (DamagedLogException damage)
        {
            throw new AccountQuarantinedException(account, slot.LogName, damage.Record, damage.Reason);
        }
    }

    /// <summary>Opens every partition. For a process that owns them all and has to list accounts.</summary>
    /// <exception cref="JournalUnavailableException">One of them cannot be opened now.</exception>
    public async Task OpenAllAsync(CancellationToken cancellationToken)
    {
        await CheckStoreAsync(cancellationToken);
        try
        {
            await Task.WhenAll(Array.ConvertAll(_slots, slot => slot.GetAsync(cancellationToken)));
        }
        catch (DamagedLogException damage)
        {
            throw new JournalUnavailableException(damage.Message, _services.Options.ReopenDelay, damage);
        }
    }

    /// <summary>
    /// Accounts with entries in open partitions that no snapshot is known to cover, in ordinal order. To list all accounts, ask here first
    /// and for those with snapshots after: an account that gets its snapshot in between is then in at least one of the two.
    /// </summary>
    /// <param name="prefix">Empty for all.</param>
    /// <param name="after">Exclusive; empty to begin.</param>
    /// <param name="limit">At most so many.</param>
    public IReadOnlyList<string> AccountsInTail(string prefix, string after, int limit) =>
        AccountsInTail(_slots.Select(static slot => slot.Current).OfType<JournalPartition>(), prefix, after, limit);

    /// <summary>
    /// The same of one partition, which is opened if need be; and certain: had another silo taken it over before this was called, this fails instead of leaving out
    /// what that one knows.
    /// </summary>
    /// <exception cref="JournalUnavailableException">The partition cannot be opened or asked now, or is another silo's.</exception>
    /// <exception cref="JournalSettingsException">The store was created with other settings.</exception>
    public async Task<IReadOnlyList<string>> AccountsInTailAsync(int partition, string prefix, string after, int limit, CancellationToken cancellationToken)
    {
        await CheckStoreAsync(cancellationToken);
        try
        {
            var open = await _slots[partition].GetAsync(cancellationToken);
            var accounts = AccountsInTail([open], prefix, after, limit);
            await open.Confirm().WaitAsync(cancellationToken);
            return accounts;
        }
        catch (JournalLostException lost)
        {
            throw new JournalUnavailableException(lost.Message, _services.Options.HandOverDelay, lost);
        }
        catch (DamagedLogException damage)
        {
            throw new JournalUnavailableException(damage.Message, _services.Options.ReopenDelay, damage);
        }
    }

    /// <summary>
    /// Lets go of one partition, because it is to be another silo's: refuses its accounts, makes durable what was taken in, lets go of the log, tells the accounts to leave. No
    /// snapshots are written. Harmless when the partition is not open, or lost; it may be opened again as soon as it is this silo's again.
    /// </summary>
    /// <param name="partition">0 to the number of partitions − 1.</param>
    /// <param name="cancellationToken">Cancels the wait for what is not durable yet: it fails, and the partition is let go at once.</param>
    public Task ReleaseAsync(int partition, CancellationToken cancellationToken) => _slots[partition].ReleaseAsync(cancellationToken);

    /// <summary>Begins to open whatever is this silo's and should be open though nobody asks for it. Does not wait.</summary>
    internal void OpenUnasked()
    {
        foreach (var slot in _slots)
        {
            _ = slot.OpenUnaskedAsync();
        }
    }

    /// <summary>Partitions that this silo could not open when it last tried, or has lost and not opened again, each with the reason: for health checks.</summary>
    public IReadOnlyList<(int Partition, string Reason)> Faults() =>
        [.. _slots.Select(static (slot, partition) => (Partition: partition, Reason: slot.Fault)).Where(static fault => fault.Reason is not null).Select(static fault => (fault.Partition, fault.Reason!))];

    /// <inheritdoc cref="ReadUnarchivedAsync(int, string?, Action, Action{string, ReadOnlyMemory{byte}}, CancellationToken)"/>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadUnarchivedAsync(string account, CancellationToken cancellationToken)
    {
        var entries = new List<ReadOnlyMemory<byte>>();

        // Copies: a slice would keep the whole record, with everybody's entries, in memory.
        await ReadUnarchivedAsync(PartitionOf(account), account, entries.Clear, (_, chunk) => entries.Add(chunk.ToArray()), cancellationToken);
        return entries;
    }

    /// <summary>
    /// The committed entries of a partition that the archive has not durably taken, in the order they were appended; those at the beginning may be in it already. They are
    /// all that were acknowledged before this was called. Whoever wants all entries asks here first and the archive after: what goes there in between is then in both. Without an
    /// archive they are all that are in the log.
    /// </summary>
    /// <param name="partition">0 to the number of partitions − 1. Opened if need be.</param>
    /// <param name="account">Only this account's; all when null.</param>
    /// <param name="begin">Called before the first, and once more when all is read again because the log was trimmed meanwhile.</param>
    /// <param name="take">Given an account and some of its entries, framed (<see cref="Accounts.EntryFrame"/>), for the time of the call.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The record before the first that was read.</returns>
    /// <exception cref="JournalUnavailableException">The partition cannot be opened or read now, or is another silo's.</exception>
    /// <exception cref="JournalSettingsException">The store was created with other settings.</exception>
    public async Task<long> ReadUnarchivedAsync(
        int partition, string? account, Action begin, Action<string, ReadOnlyMemory<byte>> take, CancellationToken cancellationToken)
    {
        await CheckStoreAsync(cancellationToken);
        try
        {
            var open = await _slots[partition].GetAsync(cancellationToken);
            var before = await open.ReadUnarchivedAsync(account, begin, take, cancellationToken);
            await open.Confirm().WaitAsync(cancellationToken);
            return before;
        }
        catch (JournalLostException lost)
        {
            throw new JournalUnavailableException(lost.Message, _services.Options.HandOverDelay, lost);
        }
        catch (DamagedLogException damage)
        {
            throw new JournalUnavailableException(damage.Message, _services.Options.ReopenDelay, damage);
        }
    }

    /// <summary>How far the archive is behind on the partitions this silo has open; default when there is no archive.</summary>
    public ArchiveBacklog Backlog()
    {
        var backlog = default(ArchiveBacklog);
        foreach (var archiving in _slots.Select(static slot => slot.Current?.Archiving).OfType<Archiving>())
        {
            backlog = new ArchiveBacklog(
                backlog.Bytes + archiving.BacklogBytes,
                Math.Max(backlog.LongestBytes, archiving.BacklogBytes),
                archiving.Age > backlog.Age ? archiving.Age : backlog.Age,
                backlog.Fault ?? archiving.Fault);
        }

        return backlog;
    }

    /// <summary>How it stands now. Looks at each partition: for scrapes, not for requests.</summary>
    public JournalFigures Figures()
    {
        var figures = new JournalFigures { FaultyPartitions = Faults().Count };
        foreach (var partition in _slots.Select(static slot => slot.Current).OfType<JournalPartition>())
        {
            var tailBytes = partition.Index.TailBytes;
            var age = partition.Index.OldestAt() is { } oldest ? _services.Time.GetElapsedTime(oldest) : TimeSpan.Zero;
            figures = figures with
            {
                OpenPartitions = figures.OpenPartitions + 1,
                PendingBytes = figures.PendingBytes + partition.PendingBytes,
                TailBytes = figures.TailBytes + tailBytes,
                LongestTailBytes = Math.Max(figures.LongestTailBytes, tailBytes),
                OldestTailAge = age > figures.OldestTailAge ? age : figures.OldestTailAge,
            };
        }

        return figures;
    }

    /// <summary>Lets go of all partitions for good.</summary>
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Array.ConvertAll(_slots, slot => slot.StopAsync(cancellationToken)));

    /// <summary>Lets go of all partitions at once: what is not durable yet is not waited for.</summary>
    public void Dispose() => Array.ForEach(_slots, static slot => slot.Dispose());

    /// <remarks>Storage services start before any grain can activate, and stop after all have deactivated.</remarks>
    void ILifecycleParticipant<ISiloLifecycle>.Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(Journal), ServiceLifecycleStage.RuntimeStorageServices, CheckStoreAsync, StopAsync);

    private static List<string> AccountsInTail(IEnumerable<JournalPartition> partitions, string prefix, string after, int limit) =>
        [.. partitions
            .SelectMany(static partition => partition.Index.Accounts())
            .Where(account => account.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(account, after) > 0)
            .Order(StringComparer.Ordinal)
            .Take(limit)];

    private async Task CheckStoreAsync(CancellationToken cancellationToken)
    {
        Task check;
        lock (_lock)
        {
            check = _checked is { IsFaulted: false, IsCanceled: false } ? _checked : _checked = _services.Start(() => ClusterLog.CheckAsync(_services, CancellationToken.None));
        }

        try
        {
            await check.WaitAsync(cancellationToken);
        }
        catch (DamagedLogException damage)
        {
            throw new JournalSettingsException(damage.Message);
        }
        catch (Exception exception) when (exception is JournalStoreException or TimeoutException)
        {
            throw new JournalUnavailableException("The journal's store cannot be reached.", _services.Options.ReopenDelay, exception);
        }
    }
}
