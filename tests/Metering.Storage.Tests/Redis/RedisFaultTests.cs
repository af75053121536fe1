using System.Diagnostics;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;
using Metering.TestServers;

namespace Metering.Storage.Tests.Redis;

/// <summary>Redis dies, forgets its last second, hangs, fills up.</summary>
public sealed class RedisFaultTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private RedisServer _server = null!;
    private RedisConnections _connections = null!;
    private RedisJournalStore _store = null!;

    private static CancellationToken Cancel => TestRedis.Cancel;

    public async ValueTask InitializeAsync()
    {
        // Synced with every write, so that the file's length says at any time what is in it.
        _server = await TestRedis.StartAsync(new RedisSettings { AppendSync = "always" });
        _connections = await TestRedis.ConnectAsync(
            new RedisJournalOptions { Configuration = _server.ConnectionString, ServiceId = TestRedis.ServiceId, Timeout = TimeSpan.FromMilliseconds(500) });
        _store = new RedisJournalStore(_connections, TestRedis.ServiceId);
    }

    public async ValueTask DisposeAsync()
    {
        if (_connections is not null)
        {
            await _connections.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_killed_Redis_that_comes_back_has_every_record_and_takes_the_next()
    {
        await AppendAsync("log", 1, 20);

        await _server.KillAsync();
        await _server.RestartAsync(Cancel);

        Assert.Equal(20, await LastOnceBackAsync("log"));
        Assert.Equal(AppendOutcome.Conflict, await _store.AppendAsync("log", 20, Bytes(20), Cancel));
        await AppendAsync("log", 21, 22);
        Assert.Equal(22, await CountAsync("log"));
    }

    [Fact]
    public async Task While_Redis_is_away_every_step_fails_at_once()
    {
        await AppendAsync("log", 1, 1);
        await _server.KillAsync();
        var stopwatch = Stopwatch.StartNew();

        for (var attempt = 0; attempt < 20; attempt++)
        {
            await Assert.ThrowsAsync<JournalStoreException>(() => _store.AppendAsync("log", 2, Bytes(2), Cancel));
            await Assert.ThrowsAsync<JournalStoreException>(() => _store.LastAsync("log", Cancel));
        }

        // Of the first it may only be known that the connection ended while it was under way; none waits for its time to run out.
        Assert.InRange(stopwatch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await _server.RestartAsync(Cancel);
        Assert.Equal(1, await LastOnceBackAsync("log"));
    }

    [Fact]
    public async Task A_lost_tail_is_told_to_the_owner_wherever_the_file_was_cut()
    {
        await AppendAsync("log", 1, 7);
        var kept = _server.AppendedBytes;
        await AppendAsync("log", 8, 8);
        var record = _server.AppendedBytes - kept;
        Assert.InRange(record, 100, 1_000);

        for (var cut = 0L; cut < record; cut += record / 4)
        {
            await _server.KillAsync();
            _server.TruncateAppendFile(kept + cut);
            await _server.RestartAsync(Cancel);

            Assert.Equal(7, await LastOnceBackAsync("log"));
            Assert.Equal(AppendOutcome.TailLost, await _store.AppendAsync("log", 9, Bytes(9), Cancel));
            Assert.Equal(7, await CountAsync("log"));

            // The owner still has record 8, and appends it again.
            await AppendAsync("log", 8, 8);
        }

        await AppendAsync("log", 9, 9);
        Assert.Equal(9, await CountAsync("log"));
    }

    [Fact]
    public async Task A_log_that_is_gone_as_a_whole_is_a_lost_tail_too()
    {
        await AppendAsync("log", 1, 3);
        await _server.CommandAsync(["FLUSHALL"], Cancel);

        Assert.Equal(AppendOutcome.TailLost, await _store.AppendAsync("log", 4, Bytes(4), Cancel));
        Assert.Equal(new JournalExtent(0, 0), await _store.OpenAsync("log", Cancel));
    }

    [Fact]
    public async Task A_Redis_that_hangs_fails_what_was_asked_in_time_and_confuses_no_answer_when_it_goes_on()
    {
        const int Logs = 20;
        for (var log = 1; log <= Logs; log++)
        {
            await AppendAsync($"log-{log}", 1, log);
        }

        await _server.PauseAsync(Cancel);
        var stopwatch = Stopwatch.StartNew();
        var unanswered = Enumerable.Range(1, Logs).SelectMany(log => new Task[]
        {
            _store.LastAsync($"log-{log}", Cancel),
            _store.AppendAsync($"log-{log}", log + 1, Bytes(log + 1), Cancel),
        }).ToArray();
        foreach (var step in unanswered)
        {
            await Assert.ThrowsAsync<JournalStoreException>(() => step);
        }

        Assert.InRange(stopwatch.Elapsed, TimeSpan.FromMilliseconds(450), TimeSpan.FromSeconds(5));
        await _server.ResumeAsync(Cancel);

        for (var log = 1; log <= Logs; log++)
        {
            // What had no answer may have happened or not; what is asked now is answered about this log and no other.
            var last = await LastOnceBackAsync($"log-{log}");
            Assert.InRange(last, log, log + 1);
            if (await _store.AppendAsync($"log-{log}", last + 1, Bytes(last + 1), Cancel) == AppendOutcome.Conflict)
            {
                // The append without an answer arrived between the two: late, but under its own number.
                Assert.Equal(log, last);
                last++;
                await AppendAsync($"log-{log}", last + 1, last + 1);
            }

            Assert.Equal(last + 1, await CountAsync($"log-{log}"));
        }
    }

    [Fact]
    public async Task A_Redis_without_memory_left_takes_nothing_keeps_everything_and_goes_on_when_there_is_room()
    {
        await AppendAsync("log", 1, 3);
        await _server.CommandAsync(["CONFIG", "SET", "maxmemory", "1"], Cancel);

        var fault = await Assert.ThrowsAsync<JournalStoreException>(() => _store.AppendAsync("log", 4, Bytes(4), Cancel));

        Assert.Contains("memory", fault.Message, StringComparison.Ordinal);
        Assert.Equal(3, await CountAsync("log"));
        await _server.CommandAsync(["CONFIG", "SET", "maxmemory", "0"], Cancel);
        await AppendAsync("log", 4, 4);
        Assert.Equal(4, await CountAsync("log"));
    }

    [Fact]
    public async Task Redis_forgets_its_scripts_and_the_journal_goes_on()
    {
        await AppendAsync("log", 1, 1);
        await _server.CommandAsync(["SCRIPT", "FLUSH"], Cancel);

        await AppendAsync("log", 2, 2);

        Assert.Equal(2, await CountAsync("log"));
    }

    private static byte[] Bytes(long number) => BitConverter.GetBytes(number);

    private async Task AppendAsync(string log, long first, long last)
    {
        for (var number = first; number <= last; number++)
        {
            Assert.Equal(AppendOutcome.Appended, await _store.AppendAsync(log, number, Bytes(number), Cancel));
        }
    }

    /// <summary>Reads the log: every record must hold its own number, with no gap.</summary>
    private async Task<long> CountAsync(string log)
    {
        var count = 0L;
        await foreach (var record in _store.ReadAsync(log, 0, Cancel))
        {
            count++;
            Assert.Equal(count, record.Number);
            Assert.Equal(Bytes(count), record.Bytes.ToArray());
        }

        return count;
    }

    /// <summary>The last number, asked again until the client has connected again.</summary>
    private async Task<long> LastOnceBackAsync(string log)
    {
        var stopwatch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await _store.LastAsync(log, Cancel);
            }
            catch (JournalStoreException) when (stopwatch.Elapsed < Patience)
            {
                await Task.Delay(20, Cancel);
            }
        }
    }
}
