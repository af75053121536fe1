using System.CommandLine;
using Metering.Cluster;
using Metering.Cluster.Developer;

var directory = new Option<string>("--directory") { Description = "Where it keeps its data and logs; emptied at the start.", Required = true };
var silos = new Option<int>("--silos") { Description = "How many silos.", DefaultValueFactory = _ => 3 };
var gateways = new Option<int>("--gateways") { Description = "How many gateways.", DefaultValueFactory = _ => 2 };
var ledger = new Option<LedgerPlace>("--ledger") { Description = "Where the ledger is kept: azure, folder or off.", DefaultValueFactory = _ => LedgerPlace.Azure };
var up = new Command("up", "Starts Redis, Azurite, silos and gateways on free ports, and leaves them running.") { directory, silos, gateways, ledger };
up.SetAction((parsed, _) => Running(parsed).UpAsync(parsed.GetValue(silos), parsed.GetValue(gateways), parsed.GetValue(ledger)));

var status = new Command("status", "Shows what runs, and where.") { directory };
status.SetAction(parsed => Running(parsed).Status());

var down = new Command("down", "Ends what up started.") { directory };
down.SetAction((parsed, _) => Running(parsed).DownAsync());

var minutes = new Option<int>("--minutes") { Description = "How long.", DefaultValueFactory = _ => 30 };
var seed = new Option<int?>("--seed") { Description = "Repeats the choices of an earlier run." };
var soakLedger = new Option<LedgerPlace>("--ledger") { Description = "Where the ledger is kept: folder, azure (slow: this Azurite stores all it knows before each answer) or off.", DefaultValueFactory = _ => LedgerPlace.Folder };
var only = new Option<string>("--only") { Description = "Only the fault of this name, or those whose name contains it.", DefaultValueFactory = _ => "" };
var soak = new Command("soak", "Faults at random under load; ends with a table, and with exit code 1 when anything was lost, doubled or wrong.") { minutes, seed, soakLedger, only };
soak.SetAction(async (parsed, _) =>
    await new Soak(TimeSpan.FromMinutes(parsed.GetValue(minutes)), parsed.GetValue(seed) ?? Random.Shared.Next(), parsed.GetValue(soakLedger), parsed.GetValue(only)!).RunAsync() ? 0 : 1);

return await new RootCommand("A cluster on this machine.") { up, status, down, soak }.Parse(args).InvokeAsync();

RunningCluster Running(ParseResult parsed) => new(Path.GetFullPath(parsed.GetValue(directory)!));
