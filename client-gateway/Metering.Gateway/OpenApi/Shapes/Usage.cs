using Metering.Contracts;

namespace Metering.Gateway.OpenApi.Shapes;

/// <summary>Rows by window and then by group; of the top groups the largest first.</summary>
internal sealed record Usage
{
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset To { get; init; }
    public UsageWindow? Window { get; init; }

    /// <summary>Whether files of the ledger were asked, or what the account adds up as it charges. Both say the same.</summary>
    public required UsageSource Source { get; init; }

    /// <summary>Whether each entry of the ledger is there, or some hours are rolled up. The sums are the same.</summary>
    public required LedgerDetail Detail { get; init; }

    public required IReadOnlyList<UsageRow> Rows { get; init; }

    /// <summary>Files of the ledger that could not be read: what is in them is missing here. Left out when there are none.</summary>
    public IReadOnlyList<string>? Damaged { get; init; }
}

/// <summary>Usage of one group in one window.</summary>
internal sealed record UsageRow
{
    /// <summary>Where the window begins, or the range when that is later.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>Where it ends, or the range when that is earlier.</summary>
    public required DateTimeOffset To { get; init; }

    /// <summary>When grouped by it.</summary>
    public string? Account { get; init; }

    /// <summary>When grouped by it; empty for credits that were settled for no meter.</summary>
    public string? Meter { get; init; }

    /// <summary>Those grouped by; null for lines that do not have it.</summary>
    public IReadOnlyDictionary<string, string?>? Dimensions { get; init; }

    public required decimal Quantity { get; init; }
    public required decimal Credits { get; init; }

    /// <summary>Lines of charges and settles.</summary>
    public required long Lines { get; init; }
}
