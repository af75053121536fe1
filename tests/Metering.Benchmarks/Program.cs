using System.CommandLine;
using Metering.Benchmarks;
using Metering.Benchmarks.Ladder;
using Metering.Benchmarks.Peers;
using Metering.Benchmarks.Profile;

var connections = Count("--connections", "Connections, one call under way on each.", 64);
var accounts = Count("--accounts", "Accounts the charges are spread over.", 100);
var rounds = Count("--rounds", "How often charges and empty calls take turns.", 5);
var seconds = Count("--seconds", "How long a turn lasts.", 3);
var http = new Command("http", "Single durable charges over HTTP, beside an endpoint that does nothing.") { connections, accounts, rounds, seconds };
http.SetAction((parsed, token) => RunAsync(
    new HttpBenchmark(parsed.GetValue(connections), parsed.GetValue(accounts), parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds))).RunAsync(token)));

var charges = Count("--charges", "Charges to make before the kill.", 1_000_000);
var recovered = Count("--accounts", "Accounts the charges are spread over.", 1_000);
var recovery = new Command("recovery", "From a restart after a kill until every account answers.") { charges, recovered };
recovery.SetAction((parsed, token) => RunAsync(new RecoveryBenchmark(parsed.GetValue(charges), parsed.GetValue(recovered)).RunAsync(token)));

var starts = Count("--starts", "How many starts to take the median of.", 5);
var startup = new Command("startup", "From the start of the process to the first charge.") { starts };
startup.SetAction((parsed, token) => RunAsync(new StartupBenchmark(parsed.GetValue(starts)).RunAsync(token)));

var warmUpStarts = Count("--starts", "How many starts of each to take the median of.", 3);
var warmUpSeconds = Count("--seconds", "How long each is under load.", 12);
var warmUpAccounts = Count("--accounts", "Accounts the charges are spread over.", 10_000);
var warmUp = new Command("warmup", "How soon a server that has just started is as fast as it gets.") { warmUpAccounts, warmUpStarts, warmUpSeconds };
warmUp.SetAction((parsed, token) => RunAsync(
    new WarmUpBenchmark(parsed.GetValue(warmUpAccounts), parsed.GetValue(warmUpStarts), parsed.GetValue(warmUpSeconds)).RunAsync(token)));

var loaded = Count("--accounts", "Accounts the charges are spread over.", 100);
var duration = Count("--seconds", "How long the load lasts.", 60);
var file = new Command("file", "The size of the data directory under a steady load.") { loaded, duration };
file.SetAction((parsed, token) => RunAsync(new FileBenchmark(parsed.GetValue(loaded), TimeSpan.FromSeconds(parsed.GetValue(duration))).RunAsync(token)));

var idle = Count("--accounts", "Idle accounts to make.", 20_000);
var memory = new Command("memory", "Memory of an idle account, beside an empty grain in the same process.") { idle };
memory.SetAction((parsed, token) => RunAsync(new MemoryBenchmark(parsed.GetValue(idle)).RunAsync(token)));

var core = new Command("core", "One charge decided and applied by the pure core.");
core.SetAction(_ => CoreBenchmark.Run());

var spread = Count("--accounts", "Accounts the charges are spread over.", 10_000);
var turns = Count("--rounds", "How often the two take turns.", 5);
var turnSeconds = Count("--seconds", "How long a turn lasts.", 10);
var cluster = new Command("cluster", "Batches of charges on three silos, two gateways and Redis, beside Standalone.") { spread, turns, turnSeconds };
cluster.SetAction((parsed, token) => RunAsync(
    new ClusterBenchmark(parsed.GetValue(spread), parsed.GetValue(turns), TimeSpan.FromSeconds(parsed.GetValue(turnSeconds))).RunAsync(token)));

var known = Count("--accounts", "Accounts to wake.", 5_000);
var rememberedByKnown = Count("--ids", "Charges each was made before its snapshot, and remembers.", 20);
var activation = new Command("activation", "The first answer of known accounts after all silos were killed, from Redis and Azurite.") { known, rememberedByKnown };
activation.SetAction((parsed, token) => RunAsync(new ActivationBenchmark(parsed.GetValue(known), parsed.GetValue(rememberedByKnown)).RunAsync(token)));

var peerRounds = Count("--rounds", "How often the peers take turns.", 5);
var peerSeconds = Count("--seconds", "How long a turn lasts.", 5);
var peerWarmUp = Count("--warm-up", "How long each is under load before the first turn, in seconds.", 15);
var peerAccounts = Count("--accounts", "Accounts the charges are spread over.", 10_000);
var peerConnections = Count("--connections", "Connections.", 4);
var peerDepth = Count("--depth", "Calls under way on each connection.", 8);
var peerBatch = Count("--batch", "Charges in a call.", 500);
var peerExponent = new Option<double>("--zipf-exponent") { Description = "How uneven the accounts are.", DefaultValueFactory = _ => 1.0 };
var peerOnly = new Option<string[]>("--only") { Description = "Only some: metering, cluster, empty, redis, postgres, append; and silos, for 3 silos beside 1 at the same rate, which is left out otherwise.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
var peers = new Command("peers", "This server beside what people use today, and beside the machine's limit: one table from one run.")
{
    peerRounds, peerSeconds, peerWarmUp, peerAccounts, peerConnections, peerDepth, peerBatch, peerExponent, peerOnly,
};
peers.SetAction((parsed, token) => RunAsync(new PeersBenchmark(
    new PeerLoad(
        parsed.GetValue(peerAccounts), parsed.GetValue(peerExponent), parsed.GetValue(peerConnections), parsed.GetValue(peerDepth), parsed.GetValue(peerBatch)),
    parsed.GetValue(peerRounds),
    TimeSpan.FromSeconds(parsed.GetValue(peerSeconds)),
    TimeSpan.FromSeconds(parsed.GetValue(peerWarmUp)),
    parsed.GetRequiredValue(peerOnly)).RunAsync(token)));

var ladderSeconds = Count("--seconds", "How long a rung is measured.", 10);
var ladderWarmUp = Count("--warm-up", "How long a rung runs before, in seconds.", 10);
var ladder = new Command("ladder", "Where the time goes: core only, and with one more part around it on each rung.")
{
    peerAccounts, peerExponent, peerBatch, ladderSeconds, ladderWarmUp,
};
ladder.SetAction((parsed, token) => RunAsync(new LadderBenchmark(
    parsed.GetValue(peerAccounts),
    parsed.GetValue(peerExponent),
    parsed.GetValue(peerBatch),
    TimeSpan.FromSeconds(parsed.GetValue(ladderSeconds)),
    TimeSpan.FromSeconds(parsed.GetValue(ladderWarmUp))).RunAsync(token)));

var profileSeconds = Count("--seconds", "How long samples are taken.", 15);
var profileWarmUp = Count("--warm-up", "How long it is under load before, in seconds.", 20);
var profile = new Command("profile", "What the server's processor time goes to at its peak, by samples of perf.") { peerAccounts, peerExponent, peerBatch, profileSeconds, profileWarmUp };
profile.SetAction((parsed, token) => RunAsync(new ProfileBenchmark(
    parsed.GetValue(peerAccounts),
    parsed.GetValue(peerExponent),
    parsed.GetValue(peerBatch),
    TimeSpan.FromSeconds(parsed.GetValue(profileSeconds)),
    TimeSpan.FromSeconds(parsed.GetValue(profileWarmUp))).RunAsync(token)));

var overloadRounds = Count("--rounds", "How often the loads take turns.", 3);
var overloadSeconds = Count("--seconds", "How long a turn lasts.", 8);
var overload = new Command("overload", "Goodput at twice the peak, what refusals take, and a quiet account beside a noisy one.") { peerAccounts, overloadRounds, overloadSeconds };
overload.SetAction((parsed, token) => RunAsync(new OverloadBenchmark(
    parsed.GetValue(peerAccounts), parsed.GetValue(overloadRounds), TimeSpan.FromSeconds(parsed.GetValue(overloadSeconds))).RunAsync(token)));

var security = new Command("security", "What telemetry and asking callers for a key cost, beside a server with neither.") { peerAccounts, overloadRounds, overloadSeconds };
security.SetAction((parsed, token) => RunAsync(new SecurityBenchmark(
    parsed.GetValue(peerAccounts), parsed.GetValue(overloadRounds), TimeSpan.FromSeconds(parsed.GetValue(overloadSeconds))).RunAsync(token)));

var activated = new Argument<int>("count") { Description = "Accounts.", DefaultValueFactory = _ => 1_000_000 };
var many = new Command("accounts", "Memory per account, and how fast accounts are activated, in one process.") { activated };
many.SetAction((parsed, token) => RunAsync(new AccountsBenchmark(Math.Max(parsed.GetValue(activated), 100)).RunAsync(token)));

var remembered = Count("--ids", "Ids an account remembers, and has before the clock starts.", 1_000);
var tail = Count("--log", "The most log there may be, in MiB.", 1024);
var checkpointSeconds = Count("--seconds", "How long the load lasts.", 60);
var checkpoint = new Command("checkpoint", "Whether snapshots keep up with charges, and what they write.")
{
    peerAccounts, peerExponent, peerBatch, remembered, tail, checkpointSeconds,
};
checkpoint.SetAction((parsed, token) => RunAsync(new CheckpointBenchmark(
    parsed.GetValue(peerAccounts),
    parsed.GetValue(peerExponent),
    parsed.GetValue(remembered),
    (long)parsed.GetValue(tail) << 20,
    parsed.GetValue(peerBatch),
    TimeSpan.FromSeconds(parsed.GetValue(checkpointSeconds))).RunAsync(token)));

var ledgerPartitions = Count("--partitions", "Into how many logs the accounts are spread.", 8);
var ledgerTurns = Count("--turns", "With the ledger, and without.", 3);
var ledgerSeconds = Count("--seconds", "How long each turn lasts.", 10);
var ledgerPeak = Count("--peak-seconds", "How long it is at the peak before it catches up.", 30);
var ledgerHalf = Count("--half-seconds", "How long it may take to catch up at half load.", 60);
var ledger = new Command("ledger", "What a ledger costs, how far it falls behind at the peak, and how many bytes an entry takes.")
{
    peerAccounts, peerExponent, peerBatch, remembered, ledgerPartitions, ledgerTurns, ledgerSeconds, ledgerPeak, ledgerHalf,
};
ledger.SetAction((parsed, token) => RunAsync(new LedgerBenchmark(
    parsed.GetValue(peerAccounts),
    parsed.GetValue(peerExponent),
    parsed.GetValue(peerBatch),
    parsed.GetValue(remembered),
    parsed.GetValue(ledgerPartitions),
    parsed.GetValue(ledgerTurns),
    TimeSpan.FromSeconds(parsed.GetValue(ledgerSeconds)),
    TimeSpan.FromSeconds(parsed.GetValue(ledgerPeak)),
    TimeSpan.FromSeconds(parsed.GetValue(ledgerHalf))).RunAsync(token)));

var batched = Count("--entries", "Entries of a batch.", 100_000);
var batchedAccounts = Count("--accounts", "Accounts they are of.", 1_250);
var batches = Count("--rounds", "How often it is archived.", 15);
var archive = new Command("archive", "What an entry takes on its way into a segment, with nothing else running.") { batched, batchedAccounts, peerExponent, batches };
archive.SetAction((parsed, token) => RunAsync(new ArchiveBenchmark(
    parsed.GetValue(batched), parsed.GetValue(batchedAccounts), parsed.GetValue(peerExponent), parsed.GetValue(batches)).RunAsync(token)));

var archived = Count("--entries", "Entries of the month.", 10_000_000);
var archivedAccounts = Count("--accounts", "Accounts they are of.", 10_000);
var volume = new Command("volume", "Statements and usage out of a month of archived entries.") { archived, archivedAccounts };
volume.SetAction((parsed, token) => RunAsync(new VolumeBenchmark(parsed.GetValue(archived), parsed.GetValue(archivedAccounts)).RunAsync(token)));

var lived = Count("--entries", "Entries of the account.", 2_000_000);
var past = new Command("past", "Looking at an account as it was, one with many entries.") { lived };
past.SetAction((parsed, token) => RunAsync(new PastBenchmark(parsed.GetValue(lived)).RunAsync(token)));

// Started by `peers`: the limit has to be a process of its own, as the servers are.
var emptyHttp = Count("--http-port", "For HTTP.", 8080);
var emptyGrpc = Count("--grpc-port", "For gRPC.", 8081);
var empty = new Command("empty-server", "Answers charges without doing anything.") { emptyHttp, emptyGrpc };
empty.Hidden = true;
empty.SetAction((parsed, token) => EmptyServer.ServeAsync(parsed.GetValue(emptyHttp), parsed.GetValue(emptyGrpc), token));

return await new RootCommand("Measures the server that was built with this program.")
{
    http, recovery, startup, warmUp, file, memory, core, peers, ladder, profile, checkpoint, ledger, archive, many, overload, security, cluster, activation, volume, past, empty,
}.Parse(args).InvokeAsync();

static Option<int> Count(string name, string description, int otherwise)
{
    var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
    option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && int.TryParse(token.Value, out var value) && value < 1)
        {
            result.AddError($"{name} must be at least 1.");
        }
    });
    return option;
}

static async Task<int> RunAsync(Task<bool> benchmark)
{
    Console.WriteLine(Machine.Describe());
    return await benchmark ? 0 : 1;
}
