using System.Numerics;

namespace Metering.Core.Accounts;

/// <summary>The part of a charge between two cumulative quantities given back. A whole of zero is given back all at once.</summary>
internal readonly record struct Share(Quantity Before, Quantity After, Quantity Whole)
{
    /// <summary>Of credits, cut from the cumulative share and rounded down: parts never add up to more than the whole, and all of them to exactly that.</summary>
    internal Credits Of(Credits credits) => Upto(credits, After) - Upto(credits, Before, nothing: true);

    private Credits Upto(Credits credits, Quantity quantity, bool nothing = false)
    {
        if (Whole.IsZero)
        {
            return nothing ? Credits.Zero : credits;
        }

        return Credits.FromNanos((Int128)((BigInteger)credits.Nanos * (BigInteger)quantity.Nanos / (BigInteger)Whole.Nanos));
    }
}
