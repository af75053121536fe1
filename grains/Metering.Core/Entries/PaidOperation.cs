using Metering.Core.Charges;
using Metering.Core.Encoding;

namespace Metering.Core.Entries;

/// <summary>Usage that was priced and deducted: what a charge and the settling of a hold have in common, and what a reversal gives back.</summary>
public abstract record PaidOperation : Operation
{
    public required ChargeMode Mode { get; init; }

    /// <summary>Start of the period that counts the usage.</summary>
    public required DateTimeOffset PeriodStart { get; init; }

    /// <summary>The card and version that priced it.</summary>
    public required string Card { get; init; }

    public required int Version { get; init; }
    public required IReadOnlyList<ChargedLine> Lines { get; init; }
    public required Payment Payment { get; init; }

    /// <summary>Credits deducted: the sum of the lines less <see cref="Uncovered"/>. Negative when a volume price gave some back.</summary>
    public Credits Credits => Payment.Credits;

    /// <summary>What an <c>upTo</c> charge could not take.</summary>
    public Credits Uncovered { get; init; }

    /// <summary>Rules that a recorded charge passed.</summary>
    public IReadOnlyList<Outcome> Violations { get; init; } = [];

    /// <summary>Rules of the policy that would have refused it, were they not in shadow mode.</summary>
    public IReadOnlyList<Policies.PolicyRule> Shadowed { get; init; } = [];

    /// <summary>Budget thresholds that it crossed. Each has an entry of its own right after this one.</summary>
    public IReadOnlyList<Crossing> Crossed { get; init; } = [];

    internal sealed override void WriteOperation(ByteWriter writer)
    {
        writer.Byte((byte)Mode);
        writer.Instant(PeriodStart);
        writer.Text(Card);
        writer.Number(Version);
        ChargedLine.WriteAll(writer, Lines);
        Payment.Write(writer);
        writer.Amount(Uncovered);
        writer.Count(Violations.Count);
        for (var i = 0; i < Violations.Count; i++)
        {
            writer.Byte((byte)Violations[i]);
        }

        writer.Count(Shadowed.Count);
        for (var i = 0; i < Shadowed.Count; i++)
        {
            writer.Byte((byte)Shadowed[i]);
        }

        writer.Count(Crossed.Count);
        for (var i = 0; i < Crossed.Count; i++)
        {
            writer.Text(Crossed[i].Budget);
            writer.Number(Crossed[i].Threshold);
        }

        WriteRest(writer);
    }

    internal abstract void WriteRest(ByteWriter writer);

    private protected static Outcome[] ReadViolations(ref ByteReader reader)
    {
        var violations = new Outcome[reader.Count()];
        for (var i = 0; i < violations.Length; i++)
        {
            violations[i] = reader.Enum<Outcome>();
        }

        return violations;
    }

    internal static Policies.PolicyRule[] ReadShadowed(ref ByteReader reader)
    {
        var rules = new Policies.PolicyRule[reader.Count()];
        for (var i = 0; i < rules.Length; i++)
        {
            rules[i] = reader.Enum<Policies.PolicyRule>();
        }

        return rules;
    }

    private protected static Crossing[] ReadCrossed(ref ByteReader reader)
    {
        var crossed = new Crossing[reader.Count()];
        for (var i = 0; i < crossed.Length; i++)
        {
            crossed[i] = new Crossing(reader.Text(), reader.Small());
        }

        return crossed;
    }
}

/// <summary>A threshold of a budget, in percent of its limit, that was reached.</summary>
public readonly record struct Crossing(string Budget, int Threshold);
