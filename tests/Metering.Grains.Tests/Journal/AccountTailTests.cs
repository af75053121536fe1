using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

/// <summary>What of an account's log a snapshot sets free that became durable long after it was taken.</summary>
public sealed class AccountTailTests
{
    private const int BytesPerRecord = 100;

    [Theory]
    [InlineData(10, 1)]
    [InlineData(100, 20)]
    [InlineData(1_000, 200)]
    [InlineData(100_000, 50_000)]
    public void A_snapshot_covers_most_of_what_it_holds_however_many_records_came_while_it_was_written(int records, int since)
    {
        var tail = Tail(records);
        var held = records - since;

        Assert.True(tail.Cover(held));

        Assert.InRange(tail.Oldest.Record, held - (records / 4), held + 1);
        Assert.Equal((records - tail.Oldest.Record + 1) * BytesPerRecord, tail.Bytes);
    }

    [Fact]
    public void Nothing_is_covered_that_a_snapshot_does_not_hold()
    {
        for (var records = 1; records <= 200; records++)
        {
            for (var held = 0; held < records; held++)
            {
                var tail = Tail(records);
                tail.Cover(held);
                Assert.InRange(tail.Oldest.Record, 1, held + 1);
            }
        }
    }

    [Fact]
    public void A_busy_account_whose_snapshots_are_always_late_pins_no_more_and_no_more_of_the_log()
    {
        const int RecordsPerSnapshot = 500;
        var tail = new AccountTail("busy", accountBytes: 4);
        var last = 0;
        for (var snapshot = 1; snapshot <= 100; snapshot++)
        {
            var taken = last;
            last = Add(tail, last, RecordsPerSnapshot);
            tail.Cover(taken);
        }

        Assert.InRange(last - tail.Oldest.Record, RecordsPerSnapshot - 1, 2 * RecordsPerSnapshot);
    }

    [Fact]
    public void A_snapshot_with_everything_sets_all_of_it_free()
    {
        var tail = Tail(1_000);

        Assert.True(tail.Cover(1_000));

        Assert.False(tail.IsPinned);
        Assert.Equal(0, tail.Bytes);
    }

    private static AccountTail Tail(int records)
    {
        var tail = new AccountTail("acme", accountBytes: 4);
        Add(tail, 0, records);
        return tail;
    }

    /// <summary>Adds records of one entry each, numbered like their sequences.</summary>
    private static int Add(AccountTail tail, int last, int records)
    {
        for (var number = last + 1; number <= last + records; number++)
        {
            var before = new LogPoint(number, (number - 1) * BytesPerRecord, number);
            tail.Add(before, new LogPoint(number + 1, number * BytesPerRecord, number), number, BytesPerRecord);
        }

        return last + records;
    }
}
