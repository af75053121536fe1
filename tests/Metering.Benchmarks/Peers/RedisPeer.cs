using System.Globalization;
using HdrHistogram;
using Metering.LoadTest.Run;
using Metering.TestServers;

namespace Metering.Benchmarks.Peers;

/// <summary>
/// What most people use: a script that checks an id, checks and deducts a balance, in one step. It is the cheapest form that does both: two commands of
/// Redis for a charge that succeeds. It keeps no ledger, prices nothing, and a repeat hears the balance of now and not its original answer.
/// The charges of a call go as a pipeline of commands, or as one command with all of them, which callers can do only when they have
/// batches to begin with and all accounts live in one Redis.
/// </summary>
internal sealed class RedisPeer : IPeer
{
    private const string ProcessIdLine = "process_id:";

    private const string Charge =
        """
        local function charge(account, id, amount)
          if not redis.call('SET', id, amount, 'NX', 'EX', 86400) then return tonumber(redis.call('GET', account)) end
          local left = redis.call('DECRBY', account, amount)
          if left < 0 then redis.call('INCRBY', account, amount) redis.call('DEL', id) return -1 end
          return left
        end
        """;

    private const string One = $"{Charge} return charge(KEYS[1], KEYS[2], ARGV[1])";
    private const string Many = $"{Charge} local left = {{}} for i = 1, #KEYS, 2 do left[#left + 1] = charge(KEYS[i], KEYS[i + 1], ARGV[1]) end return left";

    // Rewriting the file in the middle of a turn would be noise, and against Redis.
    private static readonly string[] NoRewrite = ["--auto-aof-rewrite-percentage", "0"];

    private readonly RedisServer _server;
    private readonly RedisPipeline[] _pipelines;
    private readonly int _accounts;
    private readonly int _processId;
    private long _charged;

    private RedisPeer(string name, RedisServer server, RedisPipeline[] pipelines, int accounts, int processId)
    {
        Name = name;
        _server = server;
        _pipelines = pipelines;
        _accounts = accounts;
        _processId = processId;
    }

    public string Name { get; }

    public string What => "SET id NX EX 86400, DECRBY balance in Lua";

    public static async Task<RedisPeer> StartAsync(string name, string appendSync, bool oneCommandPerCall, PeerLoad load, CancellationToken cancellationToken)
    {
        var server = await RedisServer.StartAsync(new RedisSettings { AppendSync = appendSync, Arguments = NoRewrite }, cancellationToken);
        var script = await server.CommandAsync(["SCRIPT", "LOAD", oneCommandPerCall ? Many : One], cancellationToken);
        var fill = $"for i = 0, {load.Accounts - 1} do redis.call('SET', string.format('bench-%07d', i), '{PeerLoad.GrantedNanocredits}') end";
        await server.CommandAsync(["EVAL", fill, "0"], cancellationToken);
        var information = await server.CommandAsync(["INFO", "server"], cancellationToken);
        var processId = int.Parse(
            information.Split('\n').Single(line => line.StartsWith(ProcessIdLine, StringComparison.Ordinal))[ProcessIdLine.Length..], CultureInfo.InvariantCulture);
        var mix = AccountMix.Zipf(load.Accounts, load.ZipfExponent);
        var pipelines = Enumerable.Range(0, load.Connections)
            .Select(number => new RedisPipeline(load, mix, script, number, oneCommandPerCall)).ToArray();
        foreach (var pipeline in pipelines)
        {
            pipeline.Connect(server.Port);
        }

        return new RedisPeer(name, server, pipelines, load.Accounts, processId);
    }

    public async Task<PeerTurn> RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        var latency = new LongConcurrentHistogram(1, LoadMeter.MaxLatencyMicroseconds, 3);
        var before = ProcessorTime.Of(_processId);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var counts = await Task.WhenAll(_pipelines.Select(pipeline => Task.Factory.StartNew(
            () => pipeline.Run(duration, latency), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        _charged += counts.Sum();
        return new PeerTurn(counts.Sum(), clock.Elapsed.TotalSeconds, latency, ProcessorTime.Of(_processId) - before, Refused: 0);
    }

    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        var count =
            $"local left = 0 for i = 0, {_accounts - 1} do left = left + {PeerLoad.GrantedNanocredits} - redis.call('GET', string.format('bench-%07d', i)) end return string.format('%.0f', left)";
        var sum = await _server.CommandAsync(["EVAL", count, "0"], cancellationToken);
        var expected = _charged * PeerLoad.ChargedNanocredits;
        return decimal.Parse(sum, CultureInfo.InvariantCulture) == expected ? null : $"{sum} nanocredits left the accounts, {expected} were charged";
    }

    public ValueTask DisposeAsync()
    {
        foreach (var pipeline in _pipelines)
        {
            pipeline.Dispose();
        }

        return _server.DisposeAsync();
    }
}
