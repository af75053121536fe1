using System.Runtime.InteropServices;
using Metering.Core.Entries;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments;

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
        _accounts.Where(static account => account.Value.Entries.Count > 0).ToDictionary(static account => account.Key, static account => account.Value.Head, StringComparer.Ordinal);

    /// <summary>Adds the next entry of an account. One that the ledger is already past is left out.</summary>
    /// <param name="account">Whose it is.</param>
    /// <param name="entry">Its bytes, which must not change until the batch is committed.</param>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public void Add(string account, ReadOnlyMemory<byte> entry)
    {
        ref var entries = ref CollectionsMarshal.GetValueRefOrAddDefault(_accounts, account, out _);
        entries ??= new AccountEntries(_archive.TryHead(account, out var head) ? head : default);
        var sequence = Entry.PeekSequence(entry.Span, out var at);
        if (sequence <= entries.Last)
        {
            return;
        }

        entries.Last = sequence;
        entries.Entries.Add(entry);
        if (at < _hour || at >= _hour.AddHours(1))
        {
            _hour = SegmentName.HourOf(at);
            _hours.Add(_hour);
        }
    }

    /// <summary>The rows of each hour, sorted by account, sequence and line. To be gone through once, one hour after the other: each account goes on from where the hour before left it.</summary>
    /// <exception cref="FormatException">While it is gone through: the bytes of an entry are damaged or of an unknown format.</exception>
    internal IReadOnlyList<(DateTimeOffset Hour, IEnumerable<LedgerRow> Rows)> Hours()
    {
        var accounts = _accounts.OrderBy(static account => account.Key, StringComparer.Ordinal).ToList();
        return [.. _hours.Select(hour => (hour, Rows(accounts, hour.AddHours(1))))];
    }

    private static IEnumerable<LedgerRow> Rows(List<KeyValuePair<string, AccountEntries>> accounts, DateTimeOffset end)
    {
        foreach (var (account, entries) in accounts)
        {
            for (; entries.Written < entries.Entries.Count; entries.Written++)
            {
                var rows = EntryRows.Next(account, entries.Entries[entries.Written].Span, end, ref entries.Head);
                if (rows.Length == 0)
                {
                    break;
                }

                foreach (var row in rows)
                {
                    yield return row;
                }
            }
        }
    }

    /// <summary>What an account has in the batch.</summary>
    private sealed class AccountEntries(ChainHead head)
    {
        internal readonly List<ReadOnlyMemory<byte>> Entries = [];
        internal ChainHead Head = head;
        internal long Last = head.Sequence;
        internal int Written;
    }
}
