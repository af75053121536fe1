using CsCheck;
using Metering.Grains.Journal;

namespace Metering.Grains.Tests.Journal;

public sealed class QuarantineTests
{
    private readonly FaultyJournalStore _store = new();

    [Fact]
    public async Task Damaged_entries_quarantine_their_account_with_log_record_and_reason_and_nobody_else()
    {
        await FillAsync();
        _store.Bytes(TestSilo.Log, 3)[^1] ^= 1;
        using var silo = new TestSilo(_store);
        var quarantined = await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("globex"));
        Assert.Equal("Account globex is quarantined: log partition-0, record 3: the checksum of the account's entries does not fit", quarantined.Message);
        var acme = await silo.Open("acme");
        Assert.Equal(["a1", "a2"], acme.Tail.Text());
        await acme.Append(3, "a3");
    }

    [Fact]
    public async Task Records_of_a_quarantined_account_are_never_trimmed()
    {
        await FillAsync();
        _store.Bytes(TestSilo.Log, 3)[^1] ^= 1;
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        acme.Snapshotted(2);
        await acme.Append(3, "a3");
        acme.Snapshotted(3);
        silo.Time.Advance(TimeSpan.FromMinutes(5));
        await Entries.Until(() => _store.Numbers(TestSilo.Log) is [3L, ..]);
        await silo.Journal.StopAsync(TestContext.Current.CancellationToken);
        Assert.Contains(3L, _store.Numbers(TestSilo.Log));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task Damaged_header_quarantines_all_accounts_of_the_partition_even_in_the_last_record(long record)
    {
        await FillAsync();
        _store.Bytes(TestSilo.Log, record)[RecordFormat.MarkOffset] ^= 1;
        using var silo = new TestSilo(_store);
        foreach (var account in (string[])["acme", "globex", "never-seen"])
        {
            var quarantined = await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open(account));
            Assert.Equal(record, quarantined.Record);
        }
    }

    [Fact]
    public async Task Missing_record_quarantines_all_accounts_of_the_partition()
    {
        await FillAsync();
        _store.Remove(TestSilo.Log, 3);
        using var silo = new TestSilo(_store);
        var quarantined = await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
        Assert.Equal("Account acme is quarantined: log partition-0, record 3: the record is missing; the next one there is 4", quarantined.Message);
    }

    [Fact]
    public async Task Missing_first_records_are_a_gap_unless_a_mark_says_they_were_trimmed()
    {
        await FillAsync();
        _store.Remove(TestSilo.Log, 1);
        _store.Remove(TestSilo.Log, 2);
        using var silo = new TestSilo(_store);
        Assert.Equal(1, (await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"))).Record);
    }

    [Fact]
    public async Task Record_that_takes_the_place_of_another_shows()
    {
        await FillAsync();
        _store.Put(TestSilo.Log, 3, RecordFormatTests.Build(3, previous: 1, mark: 0, ("acme", 2, "xx")));
        using var silo = new TestSilo(_store);
        var quarantined = await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
        Assert.Equal(3, quarantined.Record);
    }

    [Fact]
    public async Task Restored_log_is_served_again_after_the_next_look()
    {
        await FillAsync();
        _store.Bytes(TestSilo.Log, 2)[0] ^= 1;
        using var silo = new TestSilo(_store);
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
        _store.Bytes(TestSilo.Log, 2)[0] ^= 1;
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
        silo.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(["a1", "a2"], (await silo.Open("acme")).Tail.Text());
    }

    [Fact]
    public async Task Log_that_ends_before_what_this_silo_committed_is_noticed_when_it_is_opened_again()
    {
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Append(1, "a1");
        await acme.Append(2, "a2");
        await silo.Journal.ReleaseAsync(0, TestContext.Current.CancellationToken);
        _store.Remove(TestSilo.Log, 3);
        Assert.Equal(3, (await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"))).Record);
    }

    [Fact]
    public async Task Log_that_ends_before_the_record_in_a_snapshot_quarantines_the_account()
    {
        await FillAsync();
        using var silo = new TestSilo(_store);
        var acme = await silo.Open("acme");
        await acme.Verify(4);
        await acme.Verify(5);
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => acme.Verify(6));
        await Assert.ThrowsAsync<AccountQuarantinedException>(() => silo.Open("acme"));
        await silo.Open("globex");
    }

    [Fact]
    public Task Whatever_happened_to_the_bytes_opening_answers_or_quarantines_and_never_crashes() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 10_000], Gen.Byte[1, 255], Gen.Int[0, 3]).SampleAsync(async (record, at, flip, kind) =>
        {
            var store = new FaultyJournalStore();
            await FillAsync(store);
            var bytes = store.Bytes(TestSilo.Log, record);
            switch (kind)
            {
                case 0:
                    store.Put(TestSilo.Log, record, bytes[..(at % bytes.Length)]);
                    break;
                case 1:
                    store.Put(TestSilo.Log, record, [.. bytes, flip]);
                    break;
                default:
                    bytes[at % bytes.Length] ^= flip;
                    break;
            }

            using var silo = new TestSilo(store);
            var quarantined = 0;
            foreach (var account in (string[])["acme", "globex"])
            {
                try
                {
                    await silo.Journal.OpenAsync(account, CancellationToken.None);
                }
                catch (AccountQuarantinedException)
                {
                    quarantined++;
                }
            }

            // Record 1 is a claim without entries: whatever its bytes, only header and index are there to damage.
            return quarantined > 0;
        }, iter: 300);

    private Task FillAsync() => FillAsync(_store);

    /// <summary>Record 1 claims, 2 and 4 hold a1 and a2 of acme, 3 holds g1 of globex.</summary>
    private static async Task FillAsync(FaultyJournalStore store)
    {
        using var silo = new TestSilo(store);
        var acme = await silo.Journal.OpenAsync("acme", CancellationToken.None);
        var globex = await silo.Journal.OpenAsync("globex", CancellationToken.None);
        await acme.Append(1, "a1");
        await globex.Append(1, "g1");
        await acme.Append(2, "a2");
    }
}
