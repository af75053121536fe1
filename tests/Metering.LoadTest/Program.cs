using System.CommandLine;
using System.CommandLine.Parsing;
using Metering.LoadTest;
using Metering.LoadTest.Run;
using Spectre.Console;

var trace = new Option<string?>("--trace") { Description = "Directory with code.csv and conv.csv (default: the sample that comes with this program)." };
var target = new Option<string>("--target") { Description = "Where the server listens.", DefaultValueFactory = _ => "http://127.0.0.1:8080" };
var accounts = new Option<int>("--accounts") { Description = "Accounts to spread the calls over.", DefaultValueFactory = _ => 200 };
var speed = new Option<string>("--speed") { Description = "'flat' for as fast as it goes, or how many times faster than the trace.", DefaultValueFactory = _ => "flat" };
var concurrency = new Option<int>("--concurrency") { Description = "Calls under way at once.", DefaultValueFactory = _ => 64 };
var run = new Option<string?>("--run") { Description = "Prefix of the ids (default: made from the trace, so that a second run has the same ids)." };
var key = new Option<string?>("--key") { Description = "API key, sent as a bearer token." };
var limit = new Option<int?>("--limit") { Description = "Only the first so many calls." };

accounts.Validators.Add(result => RequireRange(result, 1, 10_000));
concurrency.Validators.Add(result => RequireRange(result, 1, 10_000));
limit.Validators.Add(result => RequireRange(result, 1, int.MaxValue));
speed.Validators.Add(result => Require(
    ReplayOptions.TryParseSpeed(result.GetValueOrDefault<string>() ?? "", out _), "--speed must be 'flat' or a number above 0.", result.AddError));
target.Validators.Add(result => Require(
    Uri.TryCreate(result.GetValueOrDefault<string>(), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https",
    "--target must be an http address.",
    result.AddError));
run.Validators.Add(result => Require(
    result.GetValueOrDefault<string?>() is null or { Length: >= 1 and <= 64 }, "--run must be 1 to 64 characters.", result.AddError));

var replay = new Command("replay", "Sends each call of a trace as one charge, then compares every account with the trace.")
{
    trace, target, accounts, speed, concurrency, run, limit, key,
};
replay.SetAction((parsed, cancellationToken) =>
{
    _ = ReplayOptions.TryParseSpeed(parsed.GetRequiredValue(speed), out var factor); // Validated above.
    var options = new ReplayOptions
    {
        TraceDirectory = parsed.GetValue(trace) ?? ReplayOptions.SampleTraceDirectory,
        Target = new Uri(parsed.GetRequiredValue(target)),
        Accounts = parsed.GetValue(accounts),
        SpeedFactor = factor,
        Concurrency = parsed.GetValue(concurrency),
        Run = parsed.GetValue(run),
        Limit = parsed.GetValue(limit),
        Key = parsed.GetValue(key),
    };
    return TellAsync(() => new Replay(options, new ReplayReport(AnsiConsole.Console)).RunAsync(cancellationToken));
});

var load = new LoadCommand();
load.Command.SetAction((parsed, cancellationToken) => TellAsync(async () =>
{
    var report = await new LoadTestRun(load.PlanOf(parsed), new LoadConsole(AnsiConsole.Console)).RunAsync(
        load.PortOf(parsed), load.FilesOf(parsed), cancellationToken);
    return report.IsRight;
}));

var coordinator = new Option<string>("--coordinator") { Description = "Where the run waits for this process.", DefaultValueFactory = _ => "127.0.0.1:8090" };
var join = new Command("join", "Takes part in a run that another process leads.") { coordinator };
join.SetAction((parsed, cancellationToken) => TellAsync(async () =>
{
    if (!System.Net.IPEndPoint.TryParse(parsed.GetRequiredValue(coordinator), out var at))
    {
        throw new LoadException("--coordinator must be an address and a port, such as 127.0.0.1:8090.");
    }

    await Participant.RunAsync(at.Address.ToString(), at.Port, new LoadConsole(AnsiConsole.Console), cancellationToken);
    return true;
}));

return await new RootCommand("Load test of a metering server.") { replay, load.Command, join }.Parse(args).InvokeAsync();

static async Task<int> TellAsync(Func<Task<bool>> command)
{
    try
    {
        return await command() ? 0 : 1;
    }
    catch (Exception exception) when (exception is TraceException or ReplayException or LoadException or NotSupportedException)
    {
        await Console.Error.WriteLineAsync(exception.Message);
        return 1;
    }
}

static void Require(bool valid, string message, Action<string> addError)
{
    if (!valid)
    {
        addError(message);
    }
}

// A value that is no number at all is reported by the parser itself.
static void RequireRange(OptionResult option, int least, int most) => Require(
    option.Tokens is not [var token] || !int.TryParse(token.Value, out var value) || (value >= least && value <= most),
    $"{option.Option.Name} must be {least} to {most}.",
    option.AddError);
