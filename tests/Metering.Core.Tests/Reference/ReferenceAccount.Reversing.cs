using System.Numerics;
using Metering.Core.Charges;
using Metering.Core.Grants;

namespace Metering.Core.Tests.Reference;

internal sealed partial class ReferenceAccount
{
    internal ReferenceAnswer Reverse(Reverse reverse, DateTimeOffset now)
    {
        if (Retried(reverse.Id, reverse) is { } retried)
        {
            return retried;
        }

        if (!CanStillReverse(reverse.Charge) || _paid.LastOrDefault(paid => paid.Id == reverse.Charge) is not { } charge)
        {
            return new(Outcome.ChargeNotFound);
        }

        if (IsClosed)
        {
            return new(Outcome.AccountClosed);
        }

        // Nothing used, and a settle by credits, has no quantity to give back a part of.
        if (reverse.Quantity is not null && (charge.Lines.Count != 1 || charge.Lines[0].Quantity == 0m))
        {
            return new(Outcome.ChargeHasNoSingleQuantity);
        }

        var whole = charge.Lines.Count == 1 ? charge.Lines[0].Quantity : 0m;
        var quantity = reverse.Quantity?.Value ?? whole - charge.Reversed;
        if (charge.ReversedWhole || charge.Reversed + quantity > whole)
        {
            return new(Outcome.ExceedsCharge);
        }

        var isRest = charge.Reversed + quantity == whole;
        decimal Share(decimal credits) => UpTo(credits, charge.Reversed + quantity, whole, isRest) - UpTo(credits, charge.Reversed, whole, isWhole: false);

        // Each part is cut from what the parts up to it sum to, so that the shares sum to the share of the whole.
        var sums = charge.Parts.Select((_, i) => Share(charge.Parts.Take(i + 1).Sum(part => part.Credits))).ToList();
        var shares = charge.Parts.Select((part, i) => (part.Grant, Credits: sums[i] - (i == 0 ? 0m : sums[i - 1]))).ToList();
        var payment = new ReferencePayment(this, Held);
        payment.GiveBack([.. shares.Where(share => share.Credits > 0m)]);

        // What the charge had given back is taken again.
        payment.Take(charge.Lines[0].Usage?.Meter ?? "", -shares.Where(share => share.Credits < 0m).Sum(share => share.Credits));
        payment.Commit();
        foreach (var line in charge.Lines)
        {
            if (line.PeriodStart is { } period)
            {
                GiveBack(line.Usage!.Meter, period, charge.Lines.Count == 1 ? quantity : line.Quantity);
            }
        }

        Unspend(charge, [.. charge.Lines.Select(line => line with { Credits = Share(line.Credits) })], now);

        var answer = new ReferenceAnswer(Outcome.Done, Share(charge.Credits)) { Burned = payment.Said };
        charge.Reversed += quantity;
        charge.ReversedWhole = isRest;
        Entered(now);
        return Remember(reverse.Id, reverse, null, now, answer);
    }

    internal List<ReferenceGrant> InBurnOrder() => [.. BurnOrder];

    /// <summary>Credits that no grant could take come back as a grant of their own.</summary>
    internal void Refunded(decimal credits)
    {
        if (credits == 0m)
        {
            return;
        }

        var id = $"refund-{Sequence + 1}";
        while (Grants.Exists(grant => grant.Id == id))
        {
            id += "-";
        }

        var terms = new GrantTerms { Id = id, Amount = Credits.From(credits), Priority = 100, Kind = GrantKind.Refund, Meters = MeterPatterns.All };
        Grants.Add(new ReferenceGrant(terms, _now, Sequence + 1) { Status = GrantStatus.Active });
    }

    /// <summary>The share of a quantity, rounded down: parts never sum to more than was charged.</summary>
    private static decimal UpTo(decimal credits, decimal quantity, decimal whole, bool isWhole) =>
        isWhole ? credits : whole == 0m ? 0m : ReferencePrices.Nanos((BigInteger)(credits * 1_000_000_000m) * (BigInteger)(quantity * 1_000_000_000m) / (BigInteger)(whole * 1_000_000_000m));

    private bool CanStillReverse(string charge) =>
        _known.Find(known => known.Id == charge)?.Body is Metering.Core.Holds.Settle or (string and ['c', ..]) || IsNumbered(charge);
}
