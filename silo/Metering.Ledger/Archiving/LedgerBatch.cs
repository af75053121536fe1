using System.Runtime.InteropServices;
using Metering.Core.Entries;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;
using Metering.Ledger.Segments.Vectors;

namespace Metering.Ledger.Archiving;

/// <summary>
/// Entries of consecutive records of one partition, on their way into segments. Only their bytes are held, by account: rows are made of them while they are written, one after the other, in the order of a segment.
/// </summary>
public sealed class LedgerBatch
{
    private readonly PartitionArchive _archive;
    private readonly Dictionary<string, AccountEntries> _accounts = new(StringComparer.Ordinal);
    private readonly SortedSet<DateTimeOffset> _hours = [];
    private DateTimeOffset _hour;

    internal LedgerBatch(PartitionArchive archive) => _archive = archive;

    internal bool IsEmpty => _hours.Count == 0;

    /// <summary>Where the accounts that had entries have come to, once all <see cref="Hours"/> were gone through.</summary>
    internal IReadOnlyDictionary<string, ChainHead> Heads =>
        _accounts.Values.Where(static entries => !entries.IsEmpty).ToDictionary(static entries => entries.Account, static entries => entries.Head, StringComparer.Ordinal);

    /// <summary>Adds the next entry of an account. One that the ledger is already past is left out.</summary>
    /// <param name="account">Whose it is.</param>
    /// <param name="entry">Its bytes, which must not change until the batch is committed.</param>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public void Add(string account, ReadOnlyMemory<byte> entry)
    {
        ref var entries = ref CollectionsMarshal.GetValueRefOrAddDefault(_accounts, account, out _);
        entries ??= new AccountEntries(account, _archive.TryHead(account, out var head) ? head : default);
        if (entries.TryAdd(entry, Entry.PeekSequence(entry.Span, out var at)) && (at < _hour || at >= _hour.AddHours(1)))
        {
            _hour = SegmentName.HourOf(at);
            _hours.Add(_hour);
        }
    }

    /// <summary>The rows of each hour. To be gone through once, one hour after the other: each account goes on from where the hour before left it.</summary>
    /// <exception cref="FormatException">While they are gone through: the bytes of an entry are damaged or of an unknown format.</exception>
    internal IReadOnlyList<(DateTimeOffset Hour, IRows Rows)> Hours()
    {
        var accounts = _accounts.Values.OrderBy(static entries => entries.Account, StringComparer.Ordinal).ToList();
        return [.. _hours.Select(hour => (hour, (IRows)new BatchRows(accounts, hour.AddHours(1))))];
    }
}
