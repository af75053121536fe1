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
        foreach (var row in Next(account, encoded, DateTimeOffset.MaxValue, ref head))
        {
            rows.Add(row);
        }
    }

    /// <summary>The rows of the entry that follows a head, which moves; none of one that happened later, and the head stays.</summary>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    internal static LedgerRow[] Next(string account, ReadOnlySpan<byte> encoded, DateTimeOffset end, ref ChainHead head)
    {
        var entry = Core.Entries.Entry.Decode(encoded);
        if (entry.At >= end)
        {
            return [];
        }

        var follows = head.Sequence == entry.Sequence - 1;
        var made = Rows(account, entry, follows ? entry.Balance - head.Balance : null, encoded);
        var link = ChainLink.Of(follows ? head.Hash : ChainLink.None, made);
        made[0].Hash = link;
        head = new ChainHead(entry.Sequence, link, entry.Balance);
        return made;
    }

    /// <summary>Adds the rows of an entry that is usage, without links; nothing of any other.</summary>
    /// <exception cref="FormatException">The bytes are damaged or of an unknown format.</exception>
    internal static void AddUsage(string account, ReadOnlySpan<byte> encoded, List<LedgerRow> rows)
    {
        switch (Core.Entries.Entry.Decode(encoded))
        {
            case Charged charged:
                rows.AddRange(Lines(account, charged, charged.Producer, charged.ProducerSequence, hold: null, held: null));
                break;
            case Settled settled:
                rows.AddRange(Lines(account, settled, producer: null, 0, settled.Hold, held: null));
                break;
            case Reversed reversed:
                rows.AddRange(Lines(Row(account, reversed, change: null), reversed));
                break;
        }
    }

    private static LedgerRow[] Rows(string account, Entry entry, Credits? change, ReadOnlySpan<byte> encoded) => entry switch
    {
        // Most entries are one of these, so their rows are made at once and not by changing another.
        Charged charged when RowEntries.NeedsEntry(charged) => Whole(Lines(account, charged, charged.Producer, charged.ProducerSequence, hold: null, held: null), encoded),
        Charged charged => Lines(account, charged, charged.Producer, charged.ProducerSequence, hold: null, held: null),
        Settled settled => Whole(Lines(account, settled, producer: null, 0, settled.Hold, -(settled.Used + settled.Released)), encoded),
        Reversed reversed => Whole(Lines(Row(account, entry, change), reversed), encoded),
        Held held => [Row(account, entry, change) with
        {
            UsageAt = held.Time,
            Id = held.Id,
            Meter = held.Usage?.Meter,
            Dimensions = held.Usage?.Dimensions ?? [],
            Mode = KindName.Of(held.Mode),
            Hold = held.Id,
            Held = held.Credits,
            Entry = encoded.ToArray(),
        }],
        HoldReleased released => [Row(account, entry, change) with { UsageAt = released.Time, Id = released.Id, Hold = released.Hold, Held = -released.Released }],
        HoldExpired expired => [Row(account, entry, change) with { Hold = expired.Hold, Held = -expired.Released }],
        _ => [Row(account, entry, change) with { Id = Subject(entry), Entry = encoded.ToArray() }],
    };

    /// <summary>Keeps the entry beside columns that leave out something of it.</summary>
    private static LedgerRow[] Whole(LedgerRow[] rows, ReadOnlySpan<byte> encoded)
    {
        rows[0] = rows[0] with { Entry = encoded.ToArray() };
        return rows;
    }

    private static string? Subject(Entry entry) => entry switch
    {
        GrantAdded added => added.Terms.Id,
        GrantActivated activated => activated.Grant,
        GrantExpired expired => expired.Grant,
        GrantVoided voided => voided.Grant,
        GrantRefilled refilled => refilled.Grant,
        BudgetChanged changed => changed.Terms.Id,
        BudgetRemoved removed => removed.Budget,
        BudgetCrossed crossed => crossed.Budget,
        _ => null,
    };

    private static LedgerRow Row(string account, Entry entry, Credits? change) => new()
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

    private static LedgerRow[] Lines(string account, PaidOperation paid, string? producer, long producerSequence, string? hold, Credits? held)
    {
        var rows = new LedgerRow[paid.Lines.Count];
        var payer = Payer(paid);
        for (var i = 0; i < rows.Length; i++)
        {
            var line = paid.Lines[i];
            var isFirst = i == 0;
            rows[i] = new LedgerRow
            {
                Account = account,
                Sequence = paid.Sequence,
                Line = i,
                At = paid.At,
                UsageAt = paid.Time,
                Kind = paid.Kind,
                Id = paid.Id,
                Meter = NullIfEmpty(line.Usage.Meter),
                Quantity = line.Usage.Quantity,
                Credits = -line.Taken,
                Balance = paid.Balance,
                Available = paid.Available,
                Card = paid.Card,
                Version = paid.Version,
                Price = NullIfEmpty(line.Price),
                PeriodStart = paid.PeriodStart,
                Dimensions = line.Usage.Dimensions,
                Tiers = TierText.Of(line),
                Burned = payer is null ? isFirst ? paid.Payment.Burns : [] : line.Taken.IsZero ? [] : [new Burn(payer, line.Taken)],
                OverageAdded = isFirst ? NullIfZero(paid.Payment.OverageAdded) : null,
                Uncovered = isFirst ? NullIfZero(paid.Uncovered) : null,
                Mode = KindName.Of(paid.Mode),
                Producer = producer,
                ProducerSequence = producer is null ? null : producerSequence,
                Hold = hold,
                Held = isFirst ? held : null,
            };
        }

        return rows;
    }

    /// <summary>The one grant that paid for all lines, each by itself; null when there is none.</summary>
    private static string? Payer(PaidOperation paid)
    {
        if (paid.Payment.Burns.Count != 1)
        {
            return null;
        }

        var taken = Credits.Zero;
        for (var i = 0; i < paid.Lines.Count; i++)
        {
            taken += paid.Lines[i].Taken;
        }

        return paid.Payment.Burns[0].Credits == taken ? paid.Payment.Burns[0].Grant : null;
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

        rows[0] = rows[0] with { Burned = reversed.Payment.Burns, OverageAdded = NullIfZero(reversed.Payment.OverageAdded) };
        return rows;
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static Credits? NullIfZero(Credits credits) => credits.IsZero ? null : credits;
}
