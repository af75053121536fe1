using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>What a month did to an account's balance.</summary>
internal sealed record Statement
{
    public required string Account { get; init; }
    public required string DisplayName { get; init; }
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset To { get; init; }

    /// <summary>The month is not over: this is what there is so far.</summary>
    public required bool Running { get; init; }

    /// <summary>Whether the ledger has each entry of the month, or some hours are rolled up. The sums are the same.</summary>
    public required LedgerDetail Detail { get; init; }

    /// <summary>Left out when the ledger begins later than the account.</summary>
    public decimal? OpeningBalance { get; init; }

    public required IReadOnlyList<StatementGrant> Grants { get; init; }
    public required IReadOnlyList<StatementUsage> Usage { get; init; }
    public decimal? ClosingBalance { get; init; }

    /// <summary>Files of the ledger that could not be read: what is in them is missing here. Left out when there are none.</summary>
    public IReadOnlyList<string>? Damaged { get; init; }
}

/// <summary>What came or went with a grant.</summary>
internal sealed record StatementGrant
{
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required ChangeKind Kind { get; init; }
    public string? Id { get; init; }
    public decimal? Credits { get; init; }
}

/// <summary>The month's usage of a meter, less what was given back.</summary>
internal sealed record StatementUsage
{
    public required string Meter { get; init; }
    public required decimal Quantity { get; init; }
    public required decimal Credits { get; init; }
    public required long Lines { get; init; }
}
