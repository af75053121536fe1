using Metering.Grains.Journal;

namespace Metering.Storage.Tests;

public abstract partial class JournalStoreSuite
{
    [Fact]
    public async Task Of_many_writers_of_one_number_exactly_one_wins()
    {
        const int Writers = 8;
        const int Numbers = 50;
        var log = await NewOpenLogAsync();
        IJournalStore[] stores = [Store, await OpenSecondStoreAsync()];
        var winners = new List<byte>();

        for (var number = 1L; number <= Numbers; number++)
        {
            var outcomes = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer =>
                Task.Run(() => stores[writer % stores.Length].AppendAsync(log, number, new[] { (byte)writer }, Cancel), Cancel)));
            winners.Add((byte)Assert.Single(Enumerable.Range(0, Writers), writer => outcomes[writer] == AppendOutcome.Appended));
        }

        Assert.Equal(winners, (await ReadAsync(log)).Select(record => Assert.Single(record.Bytes.ToArray())));
    }

    [Fact]
    public async Task A_writer_that_lost_its_log_keeps_losing()
    {
        var log = await NewLogWithAsync(2);
        var other = await OpenSecondStoreAsync();
        Assert.Equal(new JournalExtent(1, 2), await other.OpenAsync(log, Cancel));

        Assert.Equal(AppendOutcome.Appended, await other.AppendAsync(log, 3, Bytes(3), Cancel));

        Assert.Equal(AppendOutcome.Conflict, await Store.AppendAsync(log, 3, Bytes(99), Cancel));
        Assert.Equal(AppendOutcome.Conflict, await Store.AppendAsync(log, 3, Bytes(99), Cancel));
        Assert.Equal(AppendOutcome.Appended, await other.AppendAsync(log, 4, Bytes(4), Cancel));
        AssertRecords([1, 2, 3, 4], await ReadAsync(log));
    }

    [Fact]
    public async Task Logs_are_appended_trimmed_and_read_side_by_side()
    {
        const int Logs = 16;
        const int Numbers = 60;
        var logs = await Task.WhenAll(Enumerable.Range(0, Logs).Select(_ => NewOpenLogAsync()));

        await Task.WhenAll(logs.Select(log => Task.Run(
            async () =>
            {
                for (var number = 1L; number <= Numbers; number++)
                {
                    Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, number, Bytes(number), Cancel));
                    if (number % 20 == 0)
                    {
                        await Store.TrimAsync(log, number - 10, Cancel);
                        AssertRecords([.. Enumerable.Range((int)number - 9, 10).Select(n => (long)n)], await ReadAsync(log));
                    }
                }
            },
            Cancel)));

        foreach (var log in logs)
        {
            Assert.Equal(new JournalExtent(Numbers - 9, Numbers), await Store.OpenAsync(log, Cancel));
        }
    }

    [Fact]
    public async Task A_cancelled_append_happened_or_did_not_and_the_log_goes_on()
    {
        var log = await NewOpenLogAsync();
        var expected = new List<byte[]>();
        for (var round = 0; round < 200; round++)
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var record = Bytes(round);
            var append = Store.AppendAsync(log, expected.Count + 1, record, cancellation.Token);
            for (var spin = 0; spin < round; spin++)
            {
                // Later with every round, so that cancellation meets the append while it waits, runs, and is done.
                Thread.SpinWait(50);
            }

            await cancellation.CancelAsync();
            try
            {
                Assert.Equal(AppendOutcome.Appended, await append);
            }
            catch (OperationCanceledException)
            {
                // The caller has its buffer back, and uses it for something else.
                Array.Fill(record, (byte)0xFF);
            }

            var last = (await Store.OpenAsync(log, Cancel)).Last;
            Assert.InRange(last, expected.Count, expected.Count + 1);
            if (last > expected.Count)
            {
                expected.Add(Bytes(round));
            }
        }

        Assert.Equal(expected, (await ReadAsync(log)).Select(record => record.Bytes.ToArray()));
        Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, expected.Count + 1, Bytes(1), Cancel));
    }

    [Fact]
    public async Task Reading_gives_what_was_there_when_it_began_while_the_log_grows()
    {
        var log = await NewLogWithAsync(600);
        var read = new List<JournalRecord>();

        await foreach (var record in Store.ReadAsync(log, 0, Cancel))
        {
            read.Add(record);
            if (record.Number == 100)
            {
                Assert.Equal(AppendOutcome.Appended, await Store.AppendAsync(log, 601, Bytes(601), Cancel));
            }
        }

        // The record appended meanwhile may be read or not; everything before it must be, in order.
        Assert.InRange(read.Count, 600, 601);
        AssertRecords([.. Enumerable.Range(1, read.Count).Select(n => (long)n)], read);
    }
}
