using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Law 7: an account is its snapshot and its entries after it, the same account whichever of the two it is read from.</summary>
public sealed class RecoveryTests
{
    private static readonly JsonSerializerOptions Plainly = new() { Converters = { new PlainDecimal() } };

    [BoundedFact]
    public async Task An_account_that_slept_is_the_same_account()
    {
        var world = new World();
        await using var cluster = await AccountCluster.StartPricedAsync(world);
        await History.LiveAsync(cluster, "acme");
        var before = await ViewAsync(cluster, "acme");
        await cluster.SleepAsync("acme");
        Assert.Equal(before, await ViewAsync(cluster, "acme"));
        await History.RetriesAreAnsweredAlikeAsync(cluster, "acme");
        Assert.Equal(before, await ViewAsync(cluster, "acme"));
    }

    /// <summary>Nobody else appends, and nothing is trimmed: every number of steps that the snapshot may cover is tried.</summary>
    public static TheoryData<int> Covered => [.. Enumerable.Range(0, History.Steps + 1)];

    [BoundedTheory]
    [MemberData(nameof(Covered))]
    public async Task An_account_is_the_same_after_a_crash_wherever_its_last_snapshot_lies(int covered)
    {
        var world = new World();
        string before;
        await using (var cluster = await AccountCluster.StartPricedAsync(world))
        {
            await History.LiveAsync(cluster, "acme", checkpointAfter: covered);
            before = await ViewAsync(cluster, "acme");
            cluster.Crash();
        }

        await using var next = await AccountCluster.StartAsync(world);
        Assert.Equal(before, await ViewAsync(next, "acme"));
        await History.RetriesAreAnsweredAlikeAsync(next, "acme");
        Assert.Equal(before, await ViewAsync(next, "acme"));
    }

    [BoundedFact]
    public async Task The_same_history_gives_the_same_snapshot_bytes_through_sleep_and_crash()
    {
        var slept = new World();
        await using (var cluster = await AccountCluster.StartPricedAsync(slept))
        {
            await History.LiveAsync(cluster, "acme");
            await cluster.SleepAsync("acme");
        }

        var crashed = new World();
        await using (var cluster = await AccountCluster.StartPricedAsync(crashed))
        {
            await History.LiveAsync(cluster, "acme", checkpointAfter: 7);
            cluster.Crash();
        }

        await using var next = await AccountCluster.StartAsync(crashed);
        await next.Checkpointed("acme").Checkpoint();
        Assert.Equal(slept.Snapshots.State("acme", next.Serializer), crashed.Snapshots.State("acme", next.Serializer));
    }

    [BoundedFact]
    public async Task What_was_acknowledged_right_before_a_crash_is_there_after_it()
    {
        var world = new World();
        var acknowledged = new List<ChargeReply>();
        await using (var cluster = await AccountCluster.StartPricedAsync(world))
        {
            var acme = await cluster.FundAsync("acme", 1_000m);
            var charges = Enumerable.Range(0, 400).Select(async i =>
            {
                var answer = await acme.Charge(Requests.Calls($"c{i}", 1m));
                lock (acknowledged)
                {
                    acknowledged.AddRange(answer.Reply is { } reply ? [reply] : []);
                    if (acknowledged.Count == 100)
                    {
                        cluster.Crash();
                    }
                }
            });
            await Task.WhenAll(charges);
        }

        await using var next = await AccountCluster.StartAsync(world);
        var account = next.Account("acme");
        Assert.True(acknowledged.Count >= 100, $"Only {acknowledged.Count} charges were acknowledged.");
        foreach (var reply in acknowledged)
        {
            var retry = await account.Charge(Requests.Calls(reply.Id, 1m)).Granted();
            Assert.Equal((true, reply.Sequence, reply.Balance), (retry.Replayed, retry.Sequence, retry.Balance));
        }

        // Everything is retried in the end, and everything was charged once.
        await Task.WhenAll(Enumerable.Range(0, 400).Select(i => account.Charge(Requests.Calls($"c{i}", 1m)).Granted()));
        var view = await account.Get().Granted();
        Assert.Equal((600m, 402L), (view.Balance, view.Sequence));
    }

    private static async Task<string> ViewAsync(AccountCluster cluster, string account) =>
        JsonSerializer.Serialize(await cluster.Account(account).Get().Granted(), Plainly);

    /// <summary>5 and 5.00 are the same amount.</summary>
    private sealed class PlainDecimal : JsonConverter<decimal>
    {
        public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDecimal();

        public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString("0.#########", CultureInfo.InvariantCulture));
    }
}
