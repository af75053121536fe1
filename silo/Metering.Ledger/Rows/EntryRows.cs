using Metering.Core;
using Metering.Core.Entries;

namespace Metering.Ledger.Rows;

/// <summary>
/// Makes rows of entries: one to each, and for charges, settles and reversals one to each line. The first row has what belongs to the entry as a whole; credits and
/// quantities are each row's own, so that sums over rows are right without a word about lines.
/// </summary>
public static class EntryRows
{
    /// <summary>Adds the rows of the entry that follows a head, and moves the head.</summary>
    /// <param name="account">Whose entry it is.</param>
    /// <param name="encoded">The entry.</param>
    /// <param name="head">
    /// Default before the account's first entry. After another entry than the one before this the chain begins anew: what is missing in between shows when it is verified.
    /// </param>
    /// <param name="rows">Where to.</param>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    public static void Add(string account, ReadOnlySpan<byte> encoded, ref ChainHead head, ICollection<LedgerRow> rows)
    {
        var entry = Core.Entries.Entry.Decode(encoded);
        var follows = head.Sequence == entry.Sequence - 1;
        var hash = follows ? head.Hash : ChainLink.None;
        foreach (var row in Rows(account, entry, follows ? entry.Balance - head.Balance : null, encoded))
        {
            hash = ChainLink.Of(hash, row);
            rows.Add(row with { Hash = hash });
        }

        head = new ChainHead(entry.Sequence, hash, entry.Balance);
    }

    private static LedgerRow[] Rows(string account, Entry entry, Credits? change, ReadOnlySpan<byte> encoded)
    {
        var row = new LedgerRow
        {
            Account = account,
            Sequence = entry.Sequence,
            Line = 0,
            At = entry.At,
            Kind = entry.Kind,
            Credits = change,
            Balance = entry.Balance,
            Available = entry.Available,
        };
        return entry switch
        {
            Charged charged => Lines(row with { Producer = charged.Producer, ProducerSequence = charged.Producer is null ? null : charged.ProducerSequence }, charged),
            Settled settled => Lines(row with { Hold = settled.Hold, Held = -(settled.Used + settled.Released) }, settled),
            Reversed reversed => Lines(row, reversed),
            Held held => [row with
            {
                UsageAt = held.Time,
                Id = held.Id,
                Meter = held.Usage?.Meter,
                Dimensions = held.Usage?.Dimensions ?? [],
                Mode = KindName.Of(held.Mode),
                Hold = held.Id,
                Held = held.Credits,
            }],
            HoldReleased released => [row with { UsageAt = released.Time, Id = released.Id, Hold = released.Hold, Held = -released.Released }],
            HoldExpired expired => [row with { Hold = expired.Hold, Held = -expired.Released }],
            GrantAdded added => [row with { Id = added.Terms.Id, Entry = encoded.ToArray() }],
            GrantActivated activated => [row with { Id = activated.Grant, Entry = encoded.ToArray() }],
            GrantExpired expired => [row with { Id = expired.Grant, Entry = encoded.ToArray() }],
            GrantVoided voided => [row with { Id = voided.Grant, Entry = encoded.ToArray() }],
            GrantRefilled refilled => [row with { Id = refilled.Grant, Entry = encoded.ToArray() }],
            BudgetChanged changed => [row with { Id = changed.Terms.Id, Entry = encoded.ToArray() }],
            BudgetRemoved removed => [row with { Id = removed.Budget, Entry = encoded.ToArray() }],
            BudgetCrossed crossed => [row with { Id = crossed.Budget, Entry = encoded.ToArray() }],
            _ => [row with { Entry = encoded.ToArray() }],
        };
    }

    private static LedgerRow[] Lines(LedgerRow entry, PaidOperation paid)
    {
        entry = entry with
        {
            UsageAt = paid.Time,
            Id = paid.Id,
            Card = paid.Card,
            Version = paid.Version,
            PeriodStart = paid.PeriodStart,
            Mode = KindName.Of(paid.Mode),
        };
        var rows = new LedgerRow[paid.Lines.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var line = paid.Lines[i];
            rows[i] = entry with
            {
                Line = i,
                Meter = NullIfEmpty(line.Usage.Meter),
                Quantity = line.Usage.Quantity,
                Credits = -line.Taken,
                Price = NullIfEmpty(line.Price),
                Dimensions = line.Usage.Dimensions,
                Tiers = TierText.Of(line),
            };
        }

        return First(rows, paid.Payment, NullIfZero(paid.Uncovered));
    }

    private static LedgerRow[] Lines(LedgerRow entry, Reversed reversed)
    {
        entry = entry with { UsageAt = reversed.Time, Id = reversed.Id, Card = reversed.Card, PeriodStart = reversed.PeriodStart, Reverses = reversed.Charge };
        var rows = new LedgerRow[reversed.Lines.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var line = reversed.Lines[i];
            rows[i] = entry with
            {
                Line = i,
                Meter = NullIfEmpty(line.Meter),
                Quantity = line.Quantity,
                Credits = line.Credits,
                Price = NullIfEmpty(line.Price),
                Dimensions = line.Dimensions,
            };
        }

        return First(rows, reversed.Payment, uncovered: null);
    }

    /// <summary>What the entry has once goes to its first row.</summary>
    private static LedgerRow[] First(LedgerRow[] rows, Payment payment, Credits? uncovered)
    {
        rows[0] = rows[0] with { Burned = payment.Burns, OverageAdded = NullIfZero(payment.OverageAdded), Uncovered = uncovered };
        return rows;
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static Credits? NullIfZero(Credits credits) => credits.IsZero ? null : credits;
}
