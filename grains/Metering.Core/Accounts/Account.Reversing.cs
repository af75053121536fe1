using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;

namespace Metering.Core.Accounts;

/// <summary>What becomes of a reversal.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reversed">The reversal as it is recorded: new, or the original that a retry repeats; null when refused.</param>
/// <param name="Replayed">Whether it is a retry: then there is nothing to apply.</param>
public readonly record struct ReversalDecision(Outcome Outcome, Reversed? Reversed = null, bool Replayed = false)
{
    /// <summary>
    /// With <see cref="Outcome.ChargeNotFound"/>: the account does not remember the charge, and has no evidence of it or not of late. Whoever has all entries may decide again with evidence that
    /// goes through the account's last entry.
    /// </summary>
    public bool NeedsEvidence { get; init; }
}

public sealed partial class Account
{
    /// <summary>
    /// Gives back what a charge took, wholly or a part in proportion to its quantity. Parts are cut from the cumulative share, rounded down, so that
    /// they never add up to more than was charged, and all of them together to exactly that.
    /// </summary>
    /// <remarks>
    /// A charge is given back at most once, also when it is so old that the account has forgotten it and what was given back of it. Then evidence says both, from the account's entries: all
    /// reversals of it through some sequence. The account knows the sequence of its last reversal, of whatever charge; evidence that does not reach it is not taken. So between them no reversal is
    /// missing: none after the evidence, for there was none at all, and none before, for the evidence has them. A reversal's own id is looked for in both as well: a retry that comes after the id
    /// was forgotten hears the original answer, and takes no second part.
    /// </remarks>
    /// <param name="reverse">What to give back.</param>
    /// <param name="now">The account's time.</param>
    /// <param name="evidence">Of the charge, for when the account does not remember it; null when nobody has looked.</param>
    public ReversalDecision DecideReversal(Reverse reverse, DateTimeOffset now, ChargeEvidence? evidence)
    {
        if (!Exists)
        {
            return new ReversalDecision(Outcome.AccountNotFound);
        }

        if (FindOperation(reverse.Id) is { } known)
        {
            return known is Reversed original ? Repeat(original, reverse) : new ReversalDecision(Outcome.IdReused);
        }

        if (FindCharge(reverse.Charge) is { } charge)
        {
            return DecideReversal(reverse, charge, _reversals.Of(charge.Id), now);
        }

        if (evidence is null || evidence.Through < _lastReversal)
        {
            return new ReversalDecision(Outcome.ChargeNotFound) { NeedsEvidence = true };
        }

        return evidence.Reversals.FirstOrDefault(reversal => reversal.Id == reverse.Id) is { } forgotten
            ? Repeat(forgotten, reverse)
            : DecideReversal(reverse, evidence.Charge, SoFar(evidence.Reversals), now);
    }

    private static ReversalDecision Repeat(Reversed original, Reverse reverse) => original.IsOf(reverse)
        ? new ReversalDecision(Outcome.Done, original, Replayed: true)
        : new ReversalDecision(Outcome.IdReused);

    private static ReversedSoFar SoFar(IReadOnlyList<Reversed> reversals) =>
        reversals.Aggregate(default(ReversedSoFar), static (sum, reversal) => sum.With(reversal));

    private ReversalDecision DecideReversal(Reverse reverse, PaidOperation charge, ReversedSoFar before, DateTimeOffset now)
    {
        if (IsClosed)
        {
            return new ReversalDecision(Outcome.AccountClosed);
        }

        if (reverse.Quantity is not null && (charge.Lines.Count != 1 || charge.Lines[0].Usage.Quantity.IsZero))
        {
            return new ReversalDecision(Outcome.ChargeHasNoSingleQuantity);
        }

        var whole = charge.Lines.Count == 1 ? charge.Lines[0].Usage.Quantity : Quantity.Zero;
        var after = reverse.Quantity is { } part ? before.Quantity.Value + part.Value : whole.Value;
        var nothingLeft = before.Whole || (!whole.IsZero && before.Quantity == whole);
        return nothingLeft || after > whole.Value
            ? new ReversalDecision(Outcome.ExceedsCharge)
            : GiveBack(reverse, charge, new Share(before.Quantity, Quantity.From(after), whole), now);
    }

    private ReversalDecision GiveBack(Reverse reverse, PaidOperation charge, Share share, DateTimeOffset now)
    {
        var (shares, other, again) = SharesOf(charge.Payment, share);
        var burn = new BurnPlan(_grants, Overage);
        burn.GiveBack(shares, other);
        if (again.IsPositive)
        {
            burn.Take(again, charge.Lines[0].Usage.Meter);
        }

        if (!Fits(burn))
        {
            return new ReversalDecision(Outcome.OutOfRange);
        }

        var back = share.Of(charge.Payment.Credits);
        return new ReversalDecision(Outcome.Done, new Reversed
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance + back,
            Available = Available + back,
            Id = reverse.Id,
            Charge = charge.Id,
            Asked = reverse.Quantity,
            PeriodStart = charge.PeriodStart,
            Card = charge.Card,
            Lines = [.. charge.Lines.Select(line => new ReversedLine(
                line.Usage.Meter,
                line.Price,
                line.Usage.Dimensions,
                charge.Lines.Count == 1 ? share.After - share.Before : line.Usage.Quantity,
                share.Of(line.Taken)))],
            ChargedAt = charge.At,
            ChargedSequence = charge.Sequence,
            Payment = PaymentOf(burn, -back),
        });
    }

    /// <summary>
    /// What each grant gets back; what had been overage; and what a charge that gave credits back must take again. The shares are cut so that
    /// they sum exactly to the share of the whole.
    /// </summary>
    private static (List<Burn> Shares, Credits Other, Credits Again) SharesOf(Payment payment, Share share)
    {
        var shares = new List<Burn>();
        var (cumulative, given, other, again) = (Credits.Zero, Credits.Zero, Credits.Zero, Credits.Zero);
        foreach (var burn in payment.Burns)
        {
            var part = Cut(burn.Credits);
            if (part.IsPositive)
            {
                shares.Add(new Burn(burn.Grant, part));
            }
            else
            {
                again -= part;
            }
        }

        foreach (var credits in new[] { payment.OverageAdded, -(payment.Refund?.Credits ?? Credits.Zero) })
        {
            var part = Cut(credits);
            other += Credits.Larger(part, Credits.Zero);
            again -= Credits.Min(part, Credits.Zero);
        }

        return (shares, other, again);

        Credits Cut(Credits credits)
        {
            cumulative += credits;
            var part = share.Of(cumulative) - given;
            given += part;
            return part;
        }
    }
}
