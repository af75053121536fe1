using CsCheck;
using Metering.Core.Accounts;
using Metering.Core.Entries;
using Metering.Core.Tests.Reference;
using Metering.Ledger.Rows;

namespace Metering.Ledger.Tests;

public sealed class RowEntryTests
{
    [Fact]
    public void An_account_can_be_brought_to_where_it_was_from_its_rows_after_every_entry() => Histories.Any.Sample(
        entries =>
        {
            var (lived, brought) = (new Account("acme", Duel.Limits), new Account("acme", Duel.Limits));
            var rows = new List<LedgerRow>();
            var head = default(ChainHead);
            foreach (var entry in entries)
            {
                lived.Apply(entry);
                rows.Clear();
                EntryRows.Add("acme", entry.Encoded, ref head, rows);
                brought.Apply(RowEntries.Of(rows));
                var (expected, actual) = (State.Of(lived, entry.At), State.Of(brought, entry.At));
                Assert.True(expected == actual, $"After entry {entry.Sequence} ({entry.Kind}) the account was\n{expected}\nand from its rows it is\n{actual}");
            }
        },
        iter: 150);

    [Fact]
    public void Rows_that_do_not_say_all_of_an_entry_are_not_taken_for_it()
    {
        var scene = Histories.Charged(1);
        scene.Hold("h", "1");
        var rows = new List<LedgerRow>();
        var head = default(ChainHead);
        EntryRows.Add("acme", scene.Entries[^1].Encoded, ref head, rows);
        Assert.IsType<Held>(RowEntries.Of(rows));
        var fault = Assert.Throws<FormatException>(() => RowEntries.Of([rows[0] with { Entry = default }]));
        Assert.Contains("Entry 4 (held)", fault.Message, StringComparison.Ordinal);
    }
}
