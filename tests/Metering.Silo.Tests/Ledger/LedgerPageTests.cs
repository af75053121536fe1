using Metering.Core;
using Metering.Core.Entries;
using Metering.Ledger.Reading;
using Metering.Ledger.Rows;
using Metering.Silo.Ledger;

namespace Metering.Silo.Tests.Ledger;

public sealed class LedgerPageTests
{
    private static readonly LedgerQuery All = new() { Account = "acme", MaxRows = 100 };

    [Fact]
    public void What_the_first_entry_that_is_not_archived_changed_is_known_from_the_last_that_is()
    {
        var archived = new LedgerRows([Row(1, "10") with { Credits = Credits.From(10m) }, Row(2, "7") with { Credits = Credits.From(-3m) }], More: false, []);
        var page = LedgerGrain.Join(archived, [Row(2, "7"), Row(3, "12"), Row(4, "13") with { Credits = Credits.From(1m) }], All, maxEntries: 100);
        Assert.Equal([10m, -3m, 5m, 1m], page.Lines.Select(static line => line.Credits!.Value));
    }

    [Fact]
    public void What_an_entry_changed_is_not_guessed_when_the_one_before_it_is_missing()
    {
        var page = LedgerGrain.Join(new LedgerRows([Row(1, "10") with { Credits = Credits.From(10m) }], More: false, []), [Row(3, "12")], All, maxEntries: 100);
        Assert.Equal([10m, null], page.Lines.Select(static line => line.Credits));
    }

    private static LedgerRow Row(long sequence, string balance) => new()
    {
        Account = "acme",
        Sequence = sequence,
        Line = 0,
        At = new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero),
        Kind = EntryKind.GrantRefilled,
        Balance = Credits.From(decimal.Parse(balance, System.Globalization.CultureInfo.InvariantCulture)),
        Available = Credits.Zero,
    };
}
