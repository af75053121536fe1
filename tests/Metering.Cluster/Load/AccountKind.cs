namespace Metering.Cluster.Load;

/// <summary>
/// What an account is like and what its callers do with it. Limits are low enough to be reached within seconds, so that "never exceeded"
/// means something. Prices are those of the sample card: 0.00006 credits a token, 1 credit for each started million of calls.
/// </summary>
internal sealed record AccountKind(string Name)
{
    public const string Tokens = "llm.tokens";
    public const string Calls = "api.calls";

    private const decimal CreditsPerToken = 0.00006m;
    private const decimal CallsPerCredit = 1_000_000m;

    public static IReadOnlyList<AccountKind> All { get; } =
    [
        new("ample") { Grant = 1_000_000m, MaxQuantity = 100, ReversalPercent = 8 },
        new("scarce") { Grant = 3m, TopUp = 1m, MaxQuantity = 5_000, TopUpPercent = 5 },
        new("partial") { Mode = "upTo", Grant = 3m, TopUp = 1m, MaxQuantity = 5_000, TopUpPercent = 5 },
        new("recorded") { Mode = "record", Grant = 0.000000001m, MaxQuantity = 5_000 },
        new("limited") { CreditLimit = 5m, MaxQuantity = 5_000, ReversalPercent = 35 },
        new("budgeted") { Grant = 1_000m, TeamBudget = 4m, MaxQuantity = 5_000 },
        new("held") { Grant = 10m, TopUp = 1m, MaxQuantity = 5_000, TopUpPercent = 4, HoldPercent = 60 },
        new("refilled") { Refill = 2m, MaxQuantity = 5_000 },
        new("calls") { Meter = Calls, Grant = 100_000m, MaxQuantity = 400_000 },
    ];

    public string Mode { get; init; } = "enforce";

    public string Meter { get; init; } = Tokens;

    /// <summary>Granted at the start; 0 for none.</summary>
    public decimal Grant { get; init; }

    public decimal CreditLimit { get; init; }

    /// <summary>What each team may spend in all; 0 for no budget.</summary>
    public decimal TeamBudget { get; init; }

    /// <summary>A grant that refills by this much every hour, all of it rolling over; 0 for none.</summary>
    public decimal Refill { get; init; }

    /// <summary>Credits of a grant that callers add.</summary>
    public decimal TopUp { get; init; }

    public int TopUpPercent { get; init; }

    public int ReversalPercent { get; init; }

    public int HoldPercent { get; init; }

    public int MaxQuantity { get; init; }

    /// <summary>F: what a period's quantity costs in all.</summary>
    public decimal PriceOf(long quantity) => Meter == Tokens ? quantity * CreditsPerToken : decimal.Ceiling(quantity / CallsPerCredit);
}
