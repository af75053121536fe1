using HdrHistogram;

namespace Metering.Benchmarks.Peers;

/// <summary>Something that can be put under the load of the comparison, one turn at a time.</summary>
internal interface IPeer : IAsyncDisposable
{
    /// <summary>The row's name.</summary>
    string Name { get; }

    /// <summary>What it does for a charge, in a sentence for whoever doubts the comparison.</summary>
    string What { get; }

    /// <summary>Charges as fast as they are answered, for a while.</summary>
    Task<PeerTurn> RunAsync(TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>After the last turn: null when its books are right, or what is wrong.</summary>
    Task<string?> CheckAsync(CancellationToken cancellationToken);
}

/// <param name="Charges">Answered with success.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Latency">Microseconds, one for each charge.</param>
/// <param name="ServerCpuSeconds">Processor time of the server's processes meanwhile; 0 when it has none of its own.</param>
/// <param name="Refused">Charges refused for lack of room; they count for nothing.</param>
internal sealed record PeerTurn(long Charges, double Seconds, HistogramBase Latency, double ServerCpuSeconds, long Refused)
{
    public double PerSecond => Charges / Seconds;
}

/// <summary>What all peers are asked to do in the same way: so many connections, each with so many calls under way, each of so many charges.</summary>
internal sealed record PeerLoad(int Accounts, double ZipfExponent, int Connections, int CallsPerConnection, int ChargesPerCall)
{
    /// <summary>More than all turns can spend, and few enough for a double, which is what Lua computes in.</summary>
    public const long GrantedNanocredits = 1_000_000_000_000_000;

    /// <summary>Every charge costs the same: 0.00006 credits, one token of the sample card.</summary>
    public const long ChargedNanocredits = 60_000;

    public static string Account(int number) => $"bench-{number:D7}";
}
