using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Metering.Grains.Journal;
using Metering.Silo.Storage.Redis;
using Metering.TestServers;

namespace Metering.Storage.Tests.Redis;

/// <summary>A primary of a Redis Cluster dies, and its replica takes over.</summary>
public sealed class RedisFailoverTests
{
    private const int Logs = 24;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly RedisSettings Node = new() { Arguments = ["--cluster-node-timeout", "1000"] };

    private static CancellationToken Cancel => TestRedis.Cancel;

    [Fact]
    public async Task A_replica_that_takes_over_without_the_latest_records_makes_no_gap_and_the_owner_is_told()
    {
        TestRedis.SkipWhenMissing();
        await using var cluster = await RedisCluster.StartAsync([Node, Node, Node], Cancel);
        var primary = cluster.Nodes[0];
        var replica = await cluster.AddReplicaAsync(primary, Node, Cancel);
        await using var connections = await TestRedis.ConnectAsync(cluster.ConnectionString + "," + cluster.Nodes[1].Address);
        var store = new RedisJournalStore(connections, TestRedis.ServiceId);
        await AppendAllAsync(store, 1, 3);
        await ReplicatedAsync(primary);

        // What the primary acknowledges from here on never reaches the replica.
        await replica.PauseAsync(Cancel);
        await primary.CommandAsync(["CLIENT", "KILL", "TYPE", "replica"], Cancel);
        await AppendAllAsync(store, 4, 4);
        await primary.KillAsync();
        await replica.ResumeAsync(Cancel);

        var behind = 0;
        for (var log = 0; log < Logs; log++)
        {
            var last = await LastOnceBackAsync(store, Name(log));
            Assert.InRange(last, 3, 4);
            if (last == 3)
            {
                behind++;
                Assert.Equal(AppendOutcome.TailLost, await store.AppendAsync(Name(log), 5, Bytes(5), Cancel));
                Assert.Equal(AppendOutcome.Appended, await store.AppendAsync(Name(log), 4, Bytes(4), Cancel));
            }

            Assert.Equal(AppendOutcome.Appended, await store.AppendAsync(Name(log), 5, Bytes(5), Cancel));
        }

        Assert.InRange(behind, 1, Logs - 1);
    }

    /// <summary>Until the replica has acknowledged all that was written. <c>WAIT</c> would only wait for what its own connection wrote.</summary>
    private static async Task ReplicatedAsync(RedisServer primary)
    {
        var written = long.Parse(Regex.Match(await primary.CommandAsync(["INFO", "replication"], Cancel), "master_repl_offset:([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        while (long.Parse(Regex.Match(await primary.CommandAsync(["INFO", "replication"], Cancel), "slave0:.*offset=([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture) < written)
        {
            await Task.Delay(50, Cancel);
        }
    }

    private static string Name(int log) => $"log-{log}";

    private static byte[] Bytes(long number) => BitConverter.GetBytes(number);

    private static async Task AppendAllAsync(RedisJournalStore store, long first, long last)
    {
        for (var log = 0; log < Logs; log++)
        {
            for (var number = first; number <= last; number++)
            {
                Assert.Equal(AppendOutcome.Appended, await store.AppendAsync(Name(log), number, Bytes(number), Cancel));
            }
        }
    }

    /// <summary>The last number, asked again until the replica has taken over and the client has found it.</summary>
    private static async Task<long> LastOnceBackAsync(RedisJournalStore store, string log)
    {
        var stopwatch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return await store.LastAsync(log, Cancel);
            }
            catch (JournalStoreException) when (stopwatch.Elapsed < Patience)
            {
                await Task.Delay(50, Cancel);
            }
        }
    }
}
