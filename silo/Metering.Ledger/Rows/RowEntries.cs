using Metering.Core;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Pricing;

namespace Metering.Ledger.Rows;

/// <summary>
/// Makes entries of rows again, so that an account can be brought to where it was after any of them. Of a charge that is what changes an account; how it was priced (tiers, the
/// quantity before it) and which rules it passed stay in their columns, and are not in the entry that comes back.
/// </summary>
public static class RowEntries
{
    /// <param name="rows">All rows of one entry, by line.</param>
    /// <exception cref="FormatException">The rows do not say all there is to say: they were written by a version that kept less of entries of this kind.</exception>
    public static Entry Of(IReadOnlyList<LedgerRow> rows)
    {
        var row = rows[0];
        if (!row.Entry.IsEmpty)
        {
            return Entry.Decode(row.Entry.Span);
        }

        return row.Kind switch
        {
            EntryKind.Charged => Charge(rows),
            EntryKind.HoldReleased => new HoldReleased
            {
                Sequence = row.Sequence,
                At = row.At,
                Balance = row.Balance,
                Available = row.Available,
                Id = row.Id ?? throw KeptLess(row),
                Time = row.UsageAt,
                Hold = row.Hold ?? throw KeptLess(row),
                Released = -(row.Held ?? throw KeptLess(row)),
            },
            EntryKind.HoldExpired => new HoldExpired
            {
                Sequence = row.Sequence,
                At = row.At,
                Balance = row.Balance,
                Available = row.Available,
                Hold = row.Hold ?? throw KeptLess(row),
                Released = -(row.Held ?? throw KeptLess(row)),
            },
            EntryKind.SettingsChanged or EntryKind.GrantAdded or EntryKind.GrantActivated or EntryKind.GrantExpired or EntryKind.GrantVoided or EntryKind.GrantRefilled
                or EntryKind.Held or EntryKind.Settled or EntryKind.Reversed or EntryKind.BudgetChanged or EntryKind.BudgetRemoved or EntryKind.BudgetCrossed
                or EntryKind.PolicyChanged or EntryKind.Closed => throw KeptLess(row),
        };
    }

    /// <summary>Whether the columns of a charge leave out something that changes an account. Seldom: then the whole entry is kept beside them.</summary>
    internal static bool NeedsEntry(Charged charged) => charged.Payment.Refund is not null || charged.Shadowed.Count > 0;

    private static Charged Charge(IReadOnlyList<LedgerRow> rows)
    {
        var row = rows[0];
        var lines = new ChargedLine[rows.Count];
        var credits = Credits.Zero;
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = Line(rows[i]);
            credits += lines[i].Taken;
        }

        return new Charged
        {
            Sequence = row.Sequence,
            At = row.At,
            Balance = row.Balance,
            Available = row.Available,
            Id = row.Id ?? throw KeptLess(row),
            Time = row.UsageAt,
            Mode = KindName.ParseMode(row.Mode ?? throw KeptLess(row)),
            PeriodStart = row.PeriodStart ?? throw KeptLess(row),
            Card = row.Card ?? throw KeptLess(row),
            Version = row.Version ?? throw KeptLess(row),
            Lines = lines,
            Payment = new Payment { Credits = credits, Burns = Burns(rows), OverageAdded = row.OverageAdded ?? Credits.Zero },
            Uncovered = row.Uncovered ?? Credits.Zero,
            Producer = row.Producer,
            ProducerSequence = row.ProducerSequence ?? 0,
        };
    }

    /// <summary>By grant, whether the first row has all or each has its own.</summary>
    private static IReadOnlyList<Burn> Burns(IReadOnlyList<LedgerRow> rows) => rows.Count == 1
        ? rows[0].Burned
        : [.. rows.SelectMany(static row => row.Burned).GroupBy(static burn => burn.Grant).Select(static grant => new Burn(grant.Key, grant.Aggregate(Credits.Zero, static (sum, burn) => sum + burn.Credits)))];

    private static ChargedLine Line(LedgerRow row)
    {
        var usage = new ChargeLine(row.Meter ?? "", row.Quantity ?? throw KeptLess(row), [.. row.Dimensions]);
        var taken = -(row.Credits ?? throw KeptLess(row));
        return new ChargedLine(usage, row.Price ?? "", Quantity.Zero, new PricedLine(taken, [], []), taken);
    }

    private static FormatException KeptLess(LedgerRow row) => new($"Entry {row.Sequence} ({KindName.Of(row.Kind)}) of account {row.Account} was archived by a version that kept less of it.");
}
