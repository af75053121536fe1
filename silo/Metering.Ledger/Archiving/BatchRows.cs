using Metering.Core.Entries;
using Metering.Ledger.Rows;
using Metering.Ledger.Segments.Vectors;

namespace Metering.Ledger.Archiving;

/// <summary>The rows of a batch in one hour, made of its entries one by one. The accounts go on in the next hour from where they are left here.</summary>
/// <param name="accounts">In the order of a segment.</param>
/// <param name="end">The end of the hour, exclusive.</param>
internal sealed class BatchRows(IReadOnlyList<AccountEntries> accounts, DateTimeOffset end) : IRows
{
    private LedgerRow[] _made = [];
    private int _taken;
    private int _account;

    public bool TryAddNext(RowVectors into)
    {
        if (_taken < _made.Length)
        {
            into.Add(_made[_taken++]);
            return true;
        }

        for (; _account < accounts.Count; _account++)
        {
            var entries = accounts[_account];
            if (entries.TryPeek(out var entry) && TryAdd(entries, entry, into))
            {
                entries.MoveOn();
                return true;
            }
        }

        return false;
    }

    /// <returns>False when it happened later.</returns>
    private bool TryAdd(AccountEntries of, ReadOnlySpan<byte> entry, RowVectors into)
    {
        if (EncodedCharge.TryRead(entry, out var charge) && TierText.Of(charge.Quantity, charge.Tier) is { } tiers)
        {
            return TryAdd(of, charge, tiers, into);
        }

        _made = EntryRows.Next(of.Account, entry, end, ref of.Head);
        _taken = 0;
        if (_made.Length == 0)
        {
            return false;
        }

        into.Add(_made[_taken++]);
        return true;
    }

    /// <summary>Most entries are such charges: no object is made of them.</summary>
    private bool TryAdd(AccountEntries of, in EncodedCharge charge, string tiers, RowVectors into)
    {
        if (charge.At >= end)
        {
            return false;
        }

        var follows = of.Head.Sequence == charge.Sequence - 1;
        var link = ChainLink.Of(follows ? of.Head.Hash : ChainLink.None, of.Account, charge, tiers);
        into.Add(of.Account, charge, tiers, link);
        of.Head = new ChainHead(charge.Sequence, link, charge.Balance);
        return true;
    }
}
