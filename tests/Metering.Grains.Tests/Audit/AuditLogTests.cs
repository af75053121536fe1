using Metering.Contracts;
using Metering.Grains.Audit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Grains.Tests.Audit;

public sealed class AuditLogTests
{
    /// <summary>For those that wait for something to become so.</summary>
    private const int MaxMilliseconds = 180_000;

    [Fact]
    public async Task Changes_at_once_are_all_there_once_with_few_writes_and_their_chain_holds()
    {
        const int Changes = 300;
        await using var cluster = await AuditCluster.Start();

        await AtOnce(cluster, Changes, i => cluster.Begin(AuditCluster.Intent($"c{i}")));
        await AtOnce(cluster, Changes, i => cluster.End(new AuditResult($"c{i}", AuditOutcome.Done, Refusal: null, $$"""{"id":"c{{i}}"}""")));

        var entries = await cluster.ReadAll(new AuditQuery { Limit = 7 });
        Assert.Equal(Changes, entries.Count);
        Assert.Equal(Changes, entries.Select(entry => entry.Intent.Id).Distinct().Count());
        Assert.All(entries, entry => Assert.Equal((AuditOutcome.Done, $$"""{"id":"{{entry.Intent.Id}}"}""", null), (entry.Outcome, entry.After, entry.Intent.Requested)));
        Assert.Equal(entries.Select(entry => entry.Number).OrderDescending(), entries.Select(entry => entry.Number));
        var check = await cluster.Verify();
        Assert.Equal((1L, 2L * Changes, null), (check.First, check.Last, check.Break));
        Assert.True(cluster.Storage.Writes < Changes / 10, $"{2 * Changes} entries took {cluster.Storage.Writes} writes: those that come together are to be written together.");
    }

    /// <summary>Sends all while the first write cannot begin.</summary>
    private static async Task AtOnce(AuditCluster cluster, int count, Func<int, Task<Answer<AuditReceipt>>> send)
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Storage.Held = hold.Task;
        var answers = Enumerable.Range(0, count).Select(send).ToList();
        await cluster.TurnsTaken();
        hold.SetResult();
        Assert.All(await Task.WhenAll(answers), static answer => Assert.NotNull(answer.Reply));
    }

    [Fact]
    public async Task Pages_lead_through_all_chunks_and_a_range_of_time_is_found_among_them()
    {
        await using var cluster = await AuditCluster.Start(static options => (options.MaxChunkBytes, options.MaxChunksPerRead) = (1_000, 3));
        var start = cluster.Clock.Now;
        for (var i = 0; i < 40; i++)
        {
            cluster.Clock.Now = start.AddMinutes(i);
            await cluster.Change($"c{i}");
        }

        Assert.True(cluster.Storage.Chunks.Count > 6, $"There are {cluster.Storage.Chunks.Count} chunks.");
        foreach (var limit in new[] { 1, 3, 100 })
        {
            Assert.Equal(Enumerable.Range(0, 40).Reverse().Select(i => $"c{i}"), (await cluster.ReadAll(new AuditQuery { Limit = limit })).Select(entry => entry.Intent.Id));
        }

        var range = new AuditQuery { From = start.AddMinutes(10), To = start.AddMinutes(13), Limit = 2 };
        Assert.Equal(["c12", "c11", "c10"], (await cluster.ReadAll(range)).Select(entry => entry.Intent.Id));
        Assert.Equal(["c1", "c0"], (await cluster.ReadAll(new AuditQuery { To = start.AddMinutes(2), Limit = 9 })).Select(entry => entry.Intent.Id));
        Assert.Equal(["c5"], (await cluster.ReadAll(new AuditQuery { Resource = "accounts/c5", Limit = 9 })).Select(entry => entry.Intent.Id));
        Assert.Equal(11, (await cluster.ReadAll(new AuditQuery { Resource = "accounts/c1*", Actor = "key:*", Operations = [AuditOperation.AccountPut], Limit = 9 })).Count);
        Assert.Empty(await cluster.ReadAll(new AuditQuery { Operations = [AuditOperation.GrantAdd], Limit = 9 }));
        Assert.Empty(await cluster.ReadAll(new AuditQuery { Actor = "key:k", Limit = 9 }));
    }

    [Fact(Timeout = MaxMilliseconds)]
    public async Task A_change_whose_maker_ended_stays_pending_over_a_restart_and_then_nobody_knows()
    {
        // One to a part: more parts than are read at the same time.
        const int Changes = 40;
        await using var cluster = await AuditCluster.Start(static options => (options.MaxChunkBytes, options.UpkeepInterval) = (500, TimeSpan.FromMilliseconds(20)));
        await cluster.Change("before");
        await cluster.Begin(AuditCluster.Intent("lost"));
        for (var i = 0; i < Changes; i++)
        {
            await cluster.Change($"c{i}");
        }

        await cluster.Reactivate();

        var ids = Enumerable.Range(0, Changes).Select(static i => $"c{i}").Reverse();
        Assert.Equal([.. ids, "lost", "before"], (await cluster.ReadAll()).Select(entry => entry.Intent.Id));
        Assert.Equal(0, (await cluster.End(new AuditResult("c0", AuditOutcome.Done, Refusal: null, After: null))).Reply!.Number);
        Assert.Equal((AuditOutcome.Pending, "{}"), ((await cluster.ReadAll())[^2].Outcome, (await cluster.ReadAll())[^2].Intent.Requested));

        cluster.Clock.Now += TimeSpan.FromMinutes(16);
        await Until(async () => (await cluster.ReadAll())[0].Outcome == AuditOutcome.Unknown, TestContext.Current.CancellationToken);

        var last = (await cluster.ReadAll())[0];
        Assert.Equal(("lost", AuditOutcome.Unknown, "{}"), (last.Intent.Id, last.Outcome, last.Intent.Requested));
        Assert.Equal(Changes + 2, (await cluster.ReadAll()).Count);
    }

    [Fact]
    public async Task What_is_sent_again_is_written_once()
    {
        await using var cluster = await AuditCluster.Start();
        var begun = await Task.WhenAll(cluster.Begin(AuditCluster.Intent("c")), cluster.Begin(AuditCluster.Intent("c")));
        Assert.Equal(1, begun.Select(answer => answer.Reply!.Number).Distinct().Single());

        var result = new AuditResult("c", AuditOutcome.Refused, Code.AccountClosed, After: null);
        Assert.All(await Task.WhenAll(cluster.End(result), cluster.End(result)), static answer => Assert.NotNull(answer.Reply));
        Assert.NotNull((await cluster.End(result)).Reply);
        Assert.Equal(Code.Unavailable, (await cluster.Begin(AuditCluster.Intent("c"))).Refusal?.Code);

        // And so it is by the next activation, which was not there.
        await cluster.Reactivate();
        Assert.NotNull((await cluster.End(result)).Reply);

        var entry = Assert.Single(await cluster.ReadAll());
        Assert.Equal((2L, AuditOutcome.Refused, Code.AccountClosed), (entry.Number, entry.Outcome, entry.Refusal!.Value));
        Assert.Equal(2, (await cluster.Verify()).Last);
    }

    [Fact]
    public async Task The_end_of_a_change_that_another_activation_began_is_not_acknowledged_unwritten()
    {
        await using var cluster = await AuditCluster.Start();
        await cluster.Change("before");

        // What one that was overtaken hears.
        Assert.Equal(Code.Unavailable, (await cluster.End(new AuditResult("elsewhere", AuditOutcome.Done, Refusal: null, After: null))).Refusal?.Code);

        await cluster.Change("after");
        Assert.Equal(["after", "before"], (await cluster.ReadAll()).Select(entry => entry.Intent.Id));
    }

    [Theory(Timeout = MaxMilliseconds)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_a_write_fails_everybody_who_waited_is_refused_and_the_next_reads_the_truth(bool isWritten)
    {
        await using var cluster = await AuditCluster.Start();
        await cluster.Change("before");
        Action<string> fail = static _ => throw new IOException("The disk is full.");
        (cluster.Storage.OnWrite, cluster.Storage.OnWritten) = isWritten ? (cluster.Storage.OnWrite, fail) : (fail, cluster.Storage.OnWritten);

        var refused = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => cluster.Begin(AuditCluster.Intent($"c{i}"))));

        Assert.All(refused, static answer => Assert.Equal(Code.Unavailable, answer.Refusal?.Code));
        (cluster.Storage.OnWrite, cluster.Storage.OnWritten) = (static _ => { }, static _ => { });
        await Until(async () => (await cluster.Begin(AuditCluster.Intent("after"))).Reply is not null, TestContext.Current.CancellationToken);
        await cluster.End(new AuditResult("after", AuditOutcome.Done, Refusal: null, After: null));
        var entries = await cluster.ReadAll();
        Assert.Equal(("after", "before"), (entries[0].Intent.Id, entries[^1].Intent.Id));
        Assert.Equal(isWritten, entries.Count > 2);
        Assert.All(entries[1..^1], static entry => Assert.Equal(AuditOutcome.Pending, entry.Outcome));
        Assert.Null((await cluster.Verify()).Break);
    }

    [Fact]
    public async Task Over_its_bound_a_change_is_refused_before_it_is_made()
    {
        await using var cluster = await AuditCluster.Start(static options => options.MaxOpen = 2);
        await cluster.Begin(AuditCluster.Intent("a"));
        await cluster.Begin(AuditCluster.Intent("b"));

        Assert.Equal(Code.Overloaded, (await cluster.Begin(AuditCluster.Intent("c"))).Refusal?.Code);

        await cluster.End(new AuditResult("a", AuditOutcome.Done, Refusal: null, After: null));
        Assert.NotNull((await cluster.Begin(AuditCluster.Intent("c"))).Reply);
    }

    [Fact]
    public async Task An_entry_that_was_changed_and_a_part_that_is_missing_show()
    {
        await using var cluster = await AuditCluster.Start(static options => options.MaxChunkBytes = 1_000);
        for (var i = 0; i < 20; i++)
        {
            await cluster.Change($"name{i:D2}");
        }

        var chunks = cluster.Storage.Chunks.ToList();
        Assert.True(chunks.Count > 3);
        var held = await cluster.Verify();
        Assert.Equal((40L, null), (held.Last, held.Break));

        cluster.Storage.Change(chunks[0], static bytes =>
        {
            bytes[bytes.AsSpan().IndexOf("name01"u8)] = (byte)'N';
            return bytes;
        });
        Assert.Equal(new AuditBreak(3, AuditBreakReason.Changed), (await cluster.Verify()).Break);
        cluster.Storage.Change(chunks[0], static bytes =>
        {
            bytes[bytes.AsSpan().IndexOf("Name01"u8)] = (byte)'n';
            return bytes;
        });
        Assert.Null((await cluster.Verify()).Break);

        cluster.Storage.Remove(chunks[1]);
        var broken = await cluster.Verify();
        Assert.Equal((AuditBreakReason.Missing, broken.Last + 1), (broken.Break!.Reason, broken.Break.Number));
        var page = (await cluster.Read(new AuditQuery { Limit = 100 })).Reply!;
        Assert.Equal([1L], page.Damaged);
        Assert.Contains(page.Entries, static entry => entry.Intent.Id == "name00");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task When_its_last_part_is_lost_the_log_goes_on_and_the_gap_shows(bool isThere)
    {
        await using var cluster = await AuditCluster.Start(static options => options.MaxChunkBytes = 500);
        for (var i = 0; i < 6; i++)
        {
            await cluster.Change($"c{i}");
        }

        var last = cluster.Storage.Chunks.Last();
        if (isThere)
        {
            cluster.Storage.Change(last, static _ => [1, 2, 3]);
        }
        else
        {
            cluster.Storage.Remove(last);
        }

        await cluster.Reactivate();
        await cluster.Change("after");

        Assert.Equal("after", (await cluster.ReadAll())[0].Intent.Id);
        Assert.Equal(AuditBreakReason.Missing, (await cluster.Verify()).Break?.Reason);
        await cluster.Reactivate();
        Assert.Equal("after", (await cluster.ReadAll())[0].Intent.Id);
        Assert.Equal(AuditBreakReason.Missing, (await cluster.Verify()).Break?.Reason);
    }

    [Theory]
    [InlineData("put in its place", 4L)]
    [InlineData("left out", 3L)]
    [InlineData("told anew to the end of its part", null)]
    public async Task An_entry_that_was_forged_together_with_its_hash_shows_at_the_next_one(string forgery, long? shownAt)
    {
        using var services = Serializers();
        var serializer = services.GetRequiredService<Serializer<AuditChunk>>();
        await using var cluster = await AuditCluster.Start(static options => options.MaxChunkBytes = 800);
        for (var i = 0; i < 9; i++)
        {
            await cluster.Change($"name{i}");
        }

        var ofNextPart = 0L;
        cluster.Storage.Change(cluster.Storage.Chunks.First(), bytes =>
        {
            var chunk = serializer.Deserialize(bytes)!;
            Assert.InRange(chunk.Records.Count, 5, 12);
            ofNextPart = chunk.Next;
            var records = chunk.Records.ToList();
            byte[] forged = [.. records[2].Entry];
            forged[forged.AsSpan().IndexOf("name1"u8)] = (byte)'N';
            records[2] = new AuditRecord(forged, AuditRecord.HashOf(records[1].Hash, forged));
            if (forgery == "left out")
            {
                records.RemoveAt(2);
            }

            for (var i = 3; forgery.StartsWith("told", StringComparison.Ordinal) && i < records.Count; i++)
            {
                records[i] = new AuditRecord(records[i].Entry, AuditRecord.HashOf(records[i - 1].Hash, records[i].Entry));
            }

            return serializer.SerializeToArray(chunk with { Records = records });
        });

        Assert.Equal(new AuditBreak(shownAt ?? ofNextPart, AuditBreakReason.Changed), (await cluster.Verify()).Break);
    }

    [Fact]
    public async Task One_that_was_overtaken_can_write_nothing_more()
    {
        using var services = Serializers();
        var storage = new StateStorage();
        var chunk = services.GetRequiredService<Serializer<AuditChunk>>();
        AuditChunks Open() => new(storage, GrainId.Create("auditlog", "0"), chunk, NullLogger.Instance);
        var (one, two) = (Open(), Open());
        await one.OpenAsync();
        await one.WriteAsync(Chunk(1, count: 1, isSealed: false));
        await two.OpenAsync();

        // The other one fills the chunk and makes the next; the first still knows the chunk as open.
        await two.WriteAsync(Chunk(1, count: 2, isSealed: true));
        await two.WriteAsync(Chunk(3, count: 1, isSealed: false));
        await Assert.ThrowsAsync<InconsistentStateException>(() => one.WriteAsync(Chunk(1, count: 2, isSealed: false)));

        // And so does one that knows it as sealed, and would make the next as well.
        var three = Open();
        await three.OpenAsync();
        await three.WriteAsync(Chunk(3, count: 2, isSealed: true));
        var four = Open();
        await four.OpenAsync();
        await three.WriteAsync(Chunk(5, count: 1, isSealed: false));
        await Assert.ThrowsAsync<InconsistentStateException>(() => four.WriteAsync(Chunk(5, count: 1, isSealed: false)));
    }

    [Fact(Timeout = MaxMilliseconds)]
    public async Task What_is_older_than_it_is_kept_is_removed_and_the_chain_of_the_rest_holds()
    {
        await using var cluster = await AuditCluster.Start(static options =>
            (options.MaxChunkBytes, options.UpkeepInterval, options.Retention) = (1, TimeSpan.FromMilliseconds(20), TimeSpan.FromDays(30)));
        await cluster.Change("old");
        cluster.Clock.Now += TimeSpan.FromDays(20);
        await cluster.Change("newer");
        await cluster.Change("newest");
        Assert.Equal(["newest", "newer", "old"], (await cluster.ReadAll()).Select(entry => entry.Intent.Id));

        cluster.Clock.Now += TimeSpan.FromDays(11);
        await Until(async () => (await cluster.ReadAll()).Count == 2, TestContext.Current.CancellationToken);

        Assert.Equal(["newest", "newer"], (await cluster.ReadAll()).Select(entry => entry.Intent.Id));
        var check = await cluster.Verify();
        Assert.Equal((true, 6L, null), (check.First > 1, check.Last, check.Break));
        await cluster.Reactivate();
        Assert.Equal(["newest", "newer"], (await cluster.ReadAll()).Select(entry => entry.Intent.Id));
    }

    private static ServiceProvider Serializers() => new ServiceCollection().AddSerializer(static builder => builder.AddAssembly(typeof(AuditChunk).Assembly)).BuildServiceProvider();

    private static AuditChunk Chunk(long first, int count, bool isSealed) => new()
    {
        First = first,
        HashBefore = AuditChunk.NoHash,
        Records = [.. Enumerable.Repeat(new AuditRecord([1], AuditChunk.NoHash), count)],
        IsSealed = isSealed,
        OldestPending = first + count,
        FirstAt = default,
        LastAt = default,
    };

    private static async Task Until(Func<Task<bool>> isSo, CancellationToken cancellationToken)
    {
        while (!await isSo())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }
    }
}
