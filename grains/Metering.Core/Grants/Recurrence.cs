using Metering.Core.Encoding;
using Metering.Core.Pricing;

namespace Metering.Core.Grants;

/// <summary>How a grant refills: at every boundary after its <c>effectiveAt</c>, to its amount and what of the rest rolls over.</summary>
/// <param name="Every">The unit.</param>
/// <param name="Count">How many units lie between refills.</param>
/// <param name="Anchor">Boundaries lie before it and after it; the grant's <c>effectiveAt</c> when not given.</param>
/// <param name="RolloverMinimum">The least that is added to the amount, whatever was left.</param>
/// <param name="RolloverMaximum">The most of what was left that is added to the amount. At least the minimum.</param>
public sealed record Recurrence(PeriodUnit Every, int Count, DateTimeOffset? Anchor, Credits RolloverMinimum, Credits RolloverMaximum)
{
    /// <summary>What of the rest is added to the amount at a refill.</summary>
    public Credits Rollover(Credits left) => Credits.Larger(RolloverMinimum, Credits.Min(RolloverMaximum, left));

    internal Period Boundaries(DateTimeOffset effectiveAt) => new(Every, Anchor ?? effectiveAt, Count);

    internal void Write(ByteWriter writer)
    {
        writer.Byte((byte)Every);
        writer.Number(Count);
        writer.OptionalInstant(Anchor);
        writer.Amount(RolloverMinimum);
        writer.Amount(RolloverMaximum);
    }

    internal static Recurrence Read(ref ByteReader reader)
    {
        var every = reader.Enum<PeriodUnit>();
        var count = reader.Small();
        return count is >= 1 and <= Period.MaxCount
            ? new Recurrence(every, count, reader.OptionalInstant(), reader.Credits(), reader.Credits())
            : throw ByteReader.Damaged();
    }
}
