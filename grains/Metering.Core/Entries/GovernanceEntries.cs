using Metering.Core.Budgets;
using Metering.Core.Encoding;
using Metering.Core.Policies;

namespace Metering.Core.Entries;

/// <summary>A budget was created or replaced.</summary>
public sealed record BudgetChanged : Entry
{
    public override EntryKind Kind => EntryKind.BudgetChanged;
    public required BudgetTerms Terms { get; init; }

    internal static BudgetChanged Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Terms = BudgetTerms.Read(ref reader),
    };

    internal override void WriteFields(ByteWriter writer) => Terms.Write(writer);
}

public sealed record BudgetRemoved : Entry
{
    public override EntryKind Kind => EntryKind.BudgetRemoved;
    public required string Budget { get; init; }

    internal static BudgetRemoved Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Budget = reader.Text(),
    };

    internal override void WriteFields(ByteWriter writer) => writer.Text(Budget);
}

/// <summary>What a budget has counted reached one of its thresholds: once in a window, unless a reversal lowered it again.</summary>
public sealed record BudgetCrossed : Entry
{
    public override EntryKind Kind => EntryKind.BudgetCrossed;
    public required string Budget { get; init; }

    /// <summary>Which of the budget's counters: the values of its <c>*</c> dimensions.</summary>
    public required string Counter { get; init; }

    /// <summary>Percent of the limit.</summary>
    public required int Threshold { get; init; }

    public required Credits Spent { get; init; }
    public required Credits Limit { get; init; }

    /// <summary>The charge or settle that crossed it.</summary>
    public required string Cause { get; init; }

    internal static BudgetCrossed Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Budget = reader.Text(),
        Counter = reader.Text(),
        Threshold = reader.Small(),
        Spent = reader.Credits(),
        Limit = reader.Credits(),
        Cause = reader.Text(),
    };

    internal override void WriteFields(ByteWriter writer)
    {
        writer.Text(Budget);
        writer.Text(Counter);
        writer.Number(Threshold);
        writer.Amount(Spent);
        writer.Amount(Limit);
        writer.Text(Cause);
    }
}

/// <summary>The policy was replaced.</summary>
public sealed record PolicyChanged : Entry
{
    public override EntryKind Kind => EntryKind.PolicyChanged;
    public required PolicyTerms Terms { get; init; }

    internal static PolicyChanged Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
        Terms = PolicyTerms.Read(ref reader),
    };

    internal override void WriteFields(ByteWriter writer) => Terms.Write(writer);
}

/// <summary>The account was closed for good.</summary>
public sealed record Closed : Entry
{
    public override EntryKind Kind => EntryKind.Closed;

    internal static Closed Read(ref ByteReader reader, Header header) => new()
    {
        Sequence = header.Sequence,
        At = header.At,
        Balance = header.Balance,
        Available = header.Available,
    };

    internal override void WriteFields(ByteWriter writer)
    {
        // That it happened, and when, is all there is to say.
    }
}
