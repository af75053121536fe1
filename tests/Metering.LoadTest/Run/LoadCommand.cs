using System.CommandLine;

namespace Metering.LoadTest.Run;

/// <summary>The command <c>run</c>: its options, and from them a plan.</summary>
internal sealed class LoadCommand
{
    private readonly Option<Uri[]> _target = Addresses("--target", "Where HTTP is answered; several are taken in turns.", "http://127.0.0.1:8080");
    private readonly Option<Uri[]> _grpc = Addresses("--grpc", "Where gRPC is answered; several are taken in turns.", "http://127.0.0.1:8081");
    private readonly Option<string> _kind = new("--kind") { Description = "unary, batch or stream (gRPC); http, http-batch or events.", DefaultValueFactory = _ => "stream" };
    private readonly Option<double?> _rate = new("--rate") { Description = "Charges per second, over all processes (open loop). Left out, a call goes when one is answered (closed loop)." };
    private readonly Option<int> _connections = Count("--connections", "Connections of each process.", 4, 10_000);
    private readonly Option<int> _depth = Count("--depth", "Calls under way on each connection.", 8, 1_024);
    private readonly Option<int> _batch = Count("--batch", "Charges in a call, for the kinds that carry many.", 500, 10_000);
    private readonly Option<int> _accounts = Count("--accounts", "Accounts to spread the charges over.", 10_000, 10_000_000);
    private readonly Option<string> _mix = new("--mix") { Description = "uniform, zipf or one-hot.", DefaultValueFactory = _ => "zipf" };
    private readonly Option<double> _exponent = new("--zipf-exponent") { Description = "Of the Zipf mix, above 0.", DefaultValueFactory = _ => 1.0 };
    private readonly Option<double> _hotShare = new("--hot-share") { Description = "Of the one-hot mix: the hot account's share, above 0 and at most 1.", DefaultValueFactory = _ => 1.0 };
    private readonly Option<string?> _trace = new("--trace") { Description = "Charges the calls of a trace over and over: a directory with code.csv and conv.csv, or 'sample'. Left out, each charge is one token." };
    private readonly Option<int> _warmUp = Count("--warm-up", "Seconds before anything is reported.", 5, 3_600, least: 0);
    private readonly Option<int> _seconds = Count("--seconds", "How long to measure.", 30, 86_400);
    private readonly Option<string?> _run = new("--run") { Description = "Name of the run, at most 32 characters: accounts and ids carry it (default: a new one each time)." };
    private readonly Option<int> _seed = new("--seed") { Description = "Of the choice of accounts.", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> _key = new("--key") { Description = "API key, sent as a bearer token." };
    private readonly Option<int> _processes = Count("--processes", "Processes that share the run, this one included; the others say 'join'.", 1, 100);
    private readonly Option<int> _listen = Count("--listen", "Port of the loopback where the others join; 0 takes a free one.", 8090, 65_535, least: 0);
    private readonly Option<string?> _json = new("--json") { Description = "File for the report as JSON." };
    private readonly Option<string?> _html = new("--html") { Description = "File for the report as a page with charts." };

    public LoadCommand()
    {
        Command = new Command("run", "Puts a server under load, reports rates and latencies, and checks every account.")
        {
            _target, _grpc, _kind, _rate, _connections, _depth, _batch, _accounts, _mix, _exponent, _hotShare, _trace, _warmUp, _seconds, _run, _seed, _key,
            _processes, _listen, _json, _html,
        };
        Require(_rate, value => value is null or > 0, "must be above 0");
        Require(_exponent, value => value > 0, "must be above 0");
        Require(_hotShare, value => value is > 0 and <= 1, "must be above 0 and at most 1");
        Require(_kind, value => value is not null && Kinds.ContainsKey(value), $"must be one of {string.Join(", ", Kinds.Keys)}");
        Require(_mix, value => value is not null && Mixes.ContainsKey(value), $"must be one of {string.Join(", ", Mixes.Keys)}");
        Require(_run, value => value is null || IsName(value), $"must be 1 to {LoadPlan.MaxRunLength} of A-Z a-z 0-9 . _ -");
    }

    public static IReadOnlyDictionary<string, CallKind> Kinds { get; } = new Dictionary<string, CallKind>
    {
        ["unary"] = CallKind.Unary,
        ["batch"] = CallKind.Batch,
        ["stream"] = CallKind.Stream,
        ["http"] = CallKind.Http,
        ["http-batch"] = CallKind.HttpBatch,
        ["events"] = CallKind.Events,
    };

    public static IReadOnlyDictionary<string, MixKind> Mixes { get; } = new Dictionary<string, MixKind>
    {
        ["uniform"] = MixKind.Uniform,
        ["zipf"] = MixKind.Zipf,
        ["one-hot"] = MixKind.OneHot,
    };

    public Command Command { get; }

    public LoadPlan PlanOf(ParseResult parsed)
    {
        var kind = Kinds[parsed.GetRequiredValue(_kind)];
        return new LoadPlan
        {
            Kind = kind,
            Targets = parsed.GetRequiredValue(_target),
            GrpcTargets = parsed.GetRequiredValue(_grpc),
            ChargesPerSecond = parsed.GetValue(_rate),
            Connections = parsed.GetValue(_connections),
            CallsPerConnection = parsed.GetValue(_depth),
            ChargesPerCall = kind.IsSingle() ? 1 : parsed.GetValue(_batch),
            Accounts = parsed.GetValue(_accounts),
            Mix = Mixes[parsed.GetRequiredValue(_mix)],
            ZipfExponent = parsed.GetValue(_exponent),
            HotShare = parsed.GetValue(_hotShare),
            TraceDirectory = parsed.GetValue(_trace) is "sample" ? ReplayOptions.SampleTraceDirectory : parsed.GetValue(_trace),
            WarmUp = TimeSpan.FromSeconds(parsed.GetValue(_warmUp)),
            Duration = TimeSpan.FromSeconds(parsed.GetValue(_seconds)),
            Run = parsed.GetValue(_run) ?? $"load-{Guid.NewGuid():N}"[..13],
            Seed = parsed.GetValue(_seed),
            Key = parsed.GetValue(_key),
            Processes = parsed.GetValue(_processes),
        };
    }

    public int PortOf(ParseResult parsed) => parsed.GetValue(_listen);

    public (string? Json, string? Html) FilesOf(ParseResult parsed) => (parsed.GetValue(_json), parsed.GetValue(_html));

    private static bool IsName(string name) =>
        name.Length is >= 1 and <= LoadPlan.MaxRunLength && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    private static Option<Uri[]> Addresses(string name, string description, string otherwise)
    {
        var option = new Option<Uri[]>(name)
        {
            Description = description,
            AllowMultipleArgumentsPerToken = true,
            CustomParser = result => [.. result.Tokens.Select(token =>
            {
                if (!Uri.TryCreate(token.Value, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp)
                {
                    result.AddError($"{name}: '{token.Value}' is not an address such as {otherwise}.");
                }

                return uri!;
            })],
            DefaultValueFactory = _ => [new Uri(otherwise)],
        };
        return option;
    }

    private static Option<int> Count(string name, string description, int otherwise, int most, int least = 1)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };

        // A value that is no number at all is reported by the parser itself.
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && int.TryParse(token.Value, out var value) && (value < least || value > most))
            {
                result.AddError($"{name} must be {least} to {most}.");
            }
        });
        return option;
    }

    private static void Require<T>(Option<T> option, Func<T?, bool> isValid, string rule) => option.Validators.Add(result =>
    {
        if (!isValid(result.GetValueOrDefault<T>()))
        {
            result.AddError($"{option.Name} {rule}.");
        }
    });
}
