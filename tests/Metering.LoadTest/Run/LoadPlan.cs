namespace Metering.LoadTest.Run;

/// <summary>What to send, how fast, and to whom: everything that the processes of one run must agree on.</summary>
internal sealed record LoadPlan
{
    /// <summary>The longest name of a run; ids and accounts carry it.</summary>
    public const int MaxRunLength = 32;

    public required CallKind Kind { get; init; }

    /// <summary>HTTP addresses; connections take them in turns. Accounts are made and read over them too.</summary>
    public required IReadOnlyList<Uri> Targets { get; init; }

    /// <summary>gRPC addresses; connections take them in turns.</summary>
    public required IReadOnlyList<Uri> GrpcTargets { get; init; }

    /// <summary>Charges per second over all processes; null sends the next call when one is answered.</summary>
    public double? ChargesPerSecond { get; init; }

    /// <summary>Connections of each process.</summary>
    public required int Connections { get; init; }

    /// <summary>Calls under way on each connection; HTTP/1.1 takes one and opens more connections instead.</summary>
    public required int CallsPerConnection { get; init; }

    /// <summary>Charges in a call; 1 for the kinds that carry one.</summary>
    public required int ChargesPerCall { get; init; }

    public required int Accounts { get; init; }

    public required MixKind Mix { get; init; }

    /// <summary>Of the Zipf mix: above 0; account k is charged in proportion to 1 / k^exponent.</summary>
    public required double ZipfExponent { get; init; }

    /// <summary>Of the one-hot mix: the share of the hot account, above 0 and at most 1.</summary>
    public required double HotShare { get; init; }

    /// <summary>Directory of a trace whose calls are charged over and over; null charges one token each time.</summary>
    public string? TraceDirectory { get; init; }

    public required TimeSpan WarmUp { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>Distinguishes this run's accounts and ids from any other's on the same server.</summary>
    public required string Run { get; init; }

    /// <summary>Of the choice of accounts.</summary>
    public required int Seed { get; init; }

    /// <summary>Sent as a bearer token, when given.</summary>
    public string? Key { get; init; }

    /// <summary>How many processes share the run.</summary>
    public int Processes { get; init; } = 1;

    public int CallsInFlight => Connections * CallsPerConnection;

    public string AccountName(int account) => $"{Run}-{account:D7}";
}
