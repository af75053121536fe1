using Azure.Storage.Blobs;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Azure;

namespace Metering.Storage.Tests.Azure;

/// <summary>Two owners of one log, around the moments at which it goes on in a new segment.</summary>
public sealed class SegmentFenceTests(SharedAzurite azurite) : IAsyncLifetime, IClassFixture<SharedAzurite>
{
    private const string LogName = "log";

    // The client's own attempts at one request, all of which a test must lose to lose it for good.
    private const int Attempts = 3;

    private readonly string _container = SharedAzurite.NewContainer();
    private readonly FaultyNetwork _network = new();

    // The owner whose network is faulty; a segment of its own takes three records.
    private AzureJournalStore _owner = null!;

    // Another process, whose segments take two: it rolls where the first would not.
    private AzureJournalStore _other = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private BlobContainerClient Blobs => new(azurite.ConnectionString, _container);

    public ValueTask InitializeAsync()
    {
        SharedAzurite.Require();
        _owner = SharedAzurite.Journal(_network.Container(Options(maxSegmentRecords: 3)));
        _other = SharedAzurite.Journal(Options(maxSegmentRecords: 2));
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _owner?.Dispose();
        _other?.Dispose();
        _network.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Of_two_owners_that_race_through_many_segments_each_number_has_one_and_the_log_holds_what_was_acknowledged()
    {
        const int Numbers = 120;
        AzureJournalStore[] owners = [_owner, _other];
        var winners = new int[Numbers + 1];

        await Task.WhenAll(owners.Select((store, owner) => Task.Run(
            async () =>
            {
                for (var number = 1L; number <= Numbers;)
                {
                    var outcome = await store.AppendAsync(LogName, number, new[] { (byte)owner }, Cancel);
                    if (outcome == AppendOutcome.Appended)
                    {
                        Assert.True(Interlocked.Exchange(ref winners[number], owner + 1) == 0, $"Record {number} was acknowledged twice.");
                    }

                    Assert.NotEqual(AppendOutcome.TailLost, outcome);
                    number = outcome == AppendOutcome.Appended ? number + 1 : await store.LastAsync(LogName, Cancel) + 1;
                }
            },
            Cancel)));

        var read = await SharedAzurite.ReadAsync(_owner, LogName, 0);
        Assert.Equal(Enumerable.Range(1, Numbers).Select(n => (long)n), read.Select(record => record.Number));
        Assert.Equal(winners[1..], read.Select(record => record.Bytes.Span[0] + 1));
        Assert.True(await BlobCountAsync() >= Numbers / 3, "The race should have gone through many segments.");
    }

    [Fact]
    public async Task A_former_owner_cannot_append_where_a_newer_one_has_rolled_on()
    {
        await AppendAsync(_owner, 1, 2);

        // For the former owner the next place is in the first segment; for the newer one that segment is full.
        _network.Stop(FaultyNetwork.IsAppend);
        var late = _owner.AppendAsync(LogName, 3, SharedAzurite.Bytes(99), Cancel);
        await _network.Stopped;
        await AppendAsync(_other, 3);
        _network.Release();

        Assert.Equal(AppendOutcome.Conflict, await late);
        Assert.Equal(AppendOutcome.Conflict, await _owner.AppendAsync(LogName, 3, SharedAzurite.Bytes(99), Cancel));
        await AssertLogAsync(1, 2, 3);
    }

    [Fact]
    public async Task The_next_owner_goes_on_where_one_died_between_the_seal_and_the_new_segment()
    {
        await AppendAsync(_owner, 1, 2, 3);
        _network.LoseRequests(FaultyNetwork.IsCreate, Attempts);
        await Assert.ThrowsAsync<JournalStoreException>(() => _owner.AppendAsync(LogName, 4, SharedAzurite.Bytes(4), Cancel));

        Assert.Equal(new JournalExtent(1, 3), await _other.OpenAsync(LogName, Cancel));
        Assert.Equal(3, await _other.LastAsync(LogName, Cancel));
        await AppendAsync(_other, 4);
        Assert.Equal(AppendOutcome.Conflict, await _owner.AppendAsync(LogName, 4, SharedAzurite.Bytes(99), Cancel));
        await AssertLogAsync(1, 2, 3, 4);
    }

    [Fact]
    public async Task A_segment_created_long_after_others_filled_and_trimmed_it_takes_no_record()
    {
        await AppendAsync(_owner, 1, 2, 3);
        _network.Stop(FaultyNetwork.IsCreate);
        var late = _owner.AppendAsync(LogName, 4, SharedAzurite.Bytes(99), Cancel);
        await _network.Stopped;
        await AppendAsync(_other, 4, 5, 6, 7);
        await _other.TrimAsync(LogName, 6, Cancel);
        _network.Release();

        Assert.Equal(AppendOutcome.Conflict, await late);
        Assert.Equal(new JournalExtent(7, 7), await _other.OpenAsync(LogName, Cancel));
        Assert.Equal(7, await _owner.LastAsync(LogName, Cancel));
        await AssertLogAsync(7);

        // The stray segment goes with the next trim.
        Assert.Equal(3, await BlobCountAsync());
        await _other.TrimAsync(LogName, 6, Cancel);
        Assert.Equal(2, await BlobCountAsync());
        await AppendAsync(_other, 8);
    }

    [Fact]
    public async Task An_append_whose_answer_was_lost_is_acknowledged_once_it_is_found_in_the_log()
    {
        await AppendAsync(_owner, 1);
        _network.LoseAnswers(FaultyNetwork.IsAppend, 1);

        await AppendAsync(_owner, 2);

        await AppendAsync(_owner, 3, 4);
        await AssertLogAsync(1, 2, 3, 4);
    }

    [Fact]
    public async Task An_append_whose_every_answer_was_lost_throws_and_the_log_tells_that_it_happened()
    {
        await AppendAsync(_owner, 1);
        _network.LoseAnswers(request => FaultyNetwork.IsAppend(request) || request.Method == HttpMethod.Get, 100);
        await Assert.ThrowsAsync<JournalStoreException>(() => _owner.AppendAsync(LogName, 2, SharedAzurite.Bytes(2), Cancel));
        _network.LoseAnswers(_ => false, 0);

        // Its own record, but nobody was told: with another body it is another record.
        Assert.Equal(AppendOutcome.Conflict, await _owner.AppendAsync(LogName, 2, SharedAzurite.Bytes(99), Cancel));
        Assert.Equal(new JournalExtent(1, 2), await _owner.OpenAsync(LogName, Cancel));
        await AssertLogAsync(1, 2);
    }

    [Fact]
    public async Task An_append_that_never_arrived_throws_and_can_be_made_again()
    {
        await AppendAsync(_owner, 1);
        _network.LoseRequests(FaultyNetwork.IsAppend, Attempts);

        await Assert.ThrowsAsync<JournalStoreException>(() => _owner.AppendAsync(LogName, 2, SharedAzurite.Bytes(99), Cancel));

        Assert.Equal(new JournalExtent(1, 1), await _owner.OpenAsync(LogName, Cancel));
        await AppendAsync(_owner, 2);
        await AssertLogAsync(1, 2);
    }

    [Fact]
    public async Task Lost_answers_to_the_seal_and_to_the_new_segment_change_nothing()
    {
        await AppendAsync(_owner, 1, 2, 3);
        _network.LoseAnswers(FaultyNetwork.IsSeal, 1);
        await AppendAsync(_owner, 4, 5, 6);
        _network.LoseAnswers(FaultyNetwork.IsCreate, 1);
        await AppendAsync(_owner, 7);
        await AssertLogAsync(1, 2, 3, 4, 5, 6, 7);
    }

    [Fact]
    public async Task A_trim_notes_its_number_and_deletes_only_whole_segments()
    {
        await AppendAsync(_owner, 1, 2, 3, 4, 5);
        Assert.Equal(2, await BlobCountAsync());

        await _owner.TrimAsync(LogName, 2, Cancel);
        Assert.Equal(3, await BlobCountAsync());
        await AssertLogAsync(3, 4, 5);

        await _owner.TrimAsync(LogName, 3, Cancel);
        Assert.Equal(2, await BlobCountAsync());
        await AssertLogAsync(4, 5);
    }

    [Fact]
    public async Task A_container_that_vanished_is_a_fault_and_no_empty_log()
    {
        await AppendAsync(_owner, 1);
        await Blobs.DeleteAsync(cancellationToken: Cancel);

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => _owner.OpenAsync(LogName, Cancel));

        Assert.Contains("missing", fault.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<JournalStoreException>(() => _owner.AppendAsync(LogName, 2, SharedAzurite.Bytes(2), Cancel));
        await Assert.ThrowsAsync<JournalStoreException>(() => SharedAzurite.ReadAsync(_owner, LogName, 0));
        Assert.False(await Blobs.ExistsAsync(Cancel), "An empty container in its place would hide that the journal is gone.");
    }

    [Fact]
    public async Task Segments_that_vanished_are_a_fault_and_no_empty_log()
    {
        await AppendAsync(_owner, 1, 2, 3, 4);
        await _owner.TrimAsync(LogName, 3, Cancel);
        await Blobs.DeleteBlobAsync("journal/log/0000000000000000004", cancellationToken: Cancel);

        await Assert.ThrowsAsync<JournalStoreException>(() => _owner.OpenAsync(LogName, Cancel));
    }

    [Fact]
    public async Task A_blob_that_is_no_segment_makes_the_log_a_fault()
    {
        await AppendAsync(_owner, 1);
        await Blobs.UploadBlobAsync("journal/log/copy of segment", BinaryData.FromString("?"), Cancel);

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => _other.OpenAsync(LogName, Cancel));

        Assert.Contains("copy of segment", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_no_record_are_a_fault_that_names_the_segment()
    {
        await AppendAsync(_owner, 1);
        var segment = new global::Azure.Storage.Blobs.Specialized.AppendBlobClient(azurite.ConnectionString, _container, "journal/log/0000000000000000001");
        await segment.AppendBlockAsync(new MemoryStream(new byte[100]), cancellationToken: Cancel);

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => SharedAzurite.ReadAsync(_other, LogName, 0));

        Assert.Contains("journal/log/0000000000000000001", fault.Message, StringComparison.Ordinal);
    }

    private AzureStoreOptions Options(int maxSegmentRecords) =>
        new() { Storage = azurite.ConnectionString, Container = _container, MaxSegmentRecords = maxSegmentRecords };

    private static async Task AppendAsync(AzureJournalStore store, params long[] numbers)
    {
        foreach (var number in numbers)
        {
            Assert.Equal(AppendOutcome.Appended, await store.AppendAsync(LogName, number, SharedAzurite.Bytes(number), Cancel));
        }
    }

    private async Task AssertLogAsync(params long[] numbers)
    {
        foreach (var store in new[] { _owner, _other })
        {
            Assert.Equal(numbers[^1], await store.LastAsync(LogName, Cancel));
            Assert.Equal(new JournalExtent(numbers[0], numbers[^1]), await store.OpenAsync(LogName, Cancel));
            var read = await SharedAzurite.ReadAsync(store, LogName, 0);
            Assert.Equal(numbers, read.Select(record => record.Number));
            Assert.All(read, record => Assert.Equal(SharedAzurite.Bytes(record.Number), record.Bytes.ToArray()));
        }
    }

    /// <summary>The segments, and the note of the trim when there is one.</summary>
    private async Task<int> BlobCountAsync()
    {
        var count = 0;
        await foreach (var _ in Blobs.GetBlobsAsync(cancellationToken: Cancel))
        {
            count++;
        }

        return count;
    }
}
