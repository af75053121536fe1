using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>What becomes of a charge.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Charged">The charge as it is recorded: new, or the original that a retry repeats; null when refused.</param>
/// <param name="Replayed">Whether it is a retry: then there is nothing to apply.</param>
/// <param name="Required">When credits were short: what it needed.</param>
/// <param name="Available">When credits were short: what it could have had.</param>
/// <param name="Line">When a line was refused: its index.</param>
public readonly record struct ChargeDecision(
    ChargeOutcome Outcome,
    Charged? Charged = null,
    bool Replayed = false,
    Credits Required = default,
    Credits Available = default,
    int Line = 0);

public sealed partial class Account
{
    /// <summary>Checks, prices and covers a charge. <paramref name="card"/> is the card that the settings name, or null when there is none.</summary>
    public ChargeDecision DecideCharge(Charge charge, DateTimeOffset now, RateCard? card)
    {
        if (!Exists)
        {
            return new ChargeDecision(ChargeOutcome.AccountNotFound);
        }

        // Idempotency comes before the balance: a retry of the charge that emptied the
        // account must hear the original answer, never "insufficient credits".
        if (_remembered.Find(charge.Id) is { } original)
        {
            return original.IsOf(charge)
                ? new ChargeDecision(ChargeOutcome.Charged, original, Replayed: true)
                : new ChargeDecision(ChargeOutcome.IdReused);
        }

        return DecideNew(charge, now, card);
    }

    /// <summary>What a charge would do now, by the code that charges. Its id need not be new; nothing is to be applied.</summary>
    public ChargeDecision DecideQuote(Charge charge, DateTimeOffset now, RateCard? card) =>
        Exists ? DecideNew(charge, now, card) : new ChargeDecision(ChargeOutcome.AccountNotFound);

    private ChargeDecision DecideNew(Charge charge, DateTimeOffset now, RateCard? card)
    {
        if (card is null)
        {
            return new ChargeDecision(ChargeOutcome.RateCardNotFound);
        }

        var time = charge.Time ?? now;
        var version = card.EffectiveAt(time);
        for (var i = 0; i < charge.Lines.Count; i++)
        {
            if ((version ?? card.EffectiveAt(now))?.FindMeter(charge.Lines[i].Meter) is null)
            {
                return new ChargeDecision(ChargeOutcome.UnknownMeter, Line: i);
            }
        }

        var periodStart = Settings.Period.StartOf(time);
        var timeliness = CheckTime(charge.Time, periodStart, now);
        if (version is null)
        {
            // Usage so old that no version was in effect is too old first of all.
            return new ChargeDecision(timeliness == ChargeOutcome.Charged ? ChargeOutcome.NoPrice : timeliness);
        }

        var lines = new ChargedLine[charge.Lines.Count];
        for (var i = 0; i < lines.Length; i++)
        {
            var usage = charge.Lines[i];
            if (version.FindMeter(usage.Meter)?.Match(usage.Dimensions) is not { } price)
            {
                return new ChargeDecision(ChargeOutcome.NoPrice, Line: i);
            }

            if (timeliness == ChargeOutcome.Charged)
            {
                if (!TryPrice(usage, price, periodStart, lines.AsSpan(0, i), out var line))
                {
                    return new ChargeDecision(ChargeOutcome.OutOfRange, Line: i);
                }

                lines[i] = line;
            }
        }

        return timeliness == ChargeOutcome.Charged
            ? Cover(charge, now, version, periodStart, lines)
            : new ChargeDecision(timeliness);
    }

    /// <summary>Whether usage of this time may be charged now.</summary>
    private ChargeOutcome CheckTime(DateTimeOffset? time, DateTimeOffset periodStart, DateTimeOffset now)
    {
        if (time is not { } stamped)
        {
            return ChargeOutcome.Charged;
        }

        if (stamped <= _remembered.ForgottenThrough)
        {
            return ChargeOutcome.TooOld;
        }

        if (stamped > now + _limits.MaxAhead)
        {
            return ChargeOutcome.InFuture;
        }

        var current = Settings.Period.StartOf(now);
        var isLate = periodStart < current;
        var mayBeLate = periodStart == Settings.Period.Previous(current) && now < current + _limits.LateWindow;
        return isLate && !mayBeLate ? ChargeOutcome.TooOld : ChargeOutcome.Charged;
    }

    /// <summary>Prices a line on top of what the period and the charge's earlier lines have used of the same price.</summary>
    private bool TryPrice(ChargeLine usage, Price price, DateTimeOffset periodStart, ReadOnlySpan<ChargedLine> earlier, out ChargedLine line)
    {
        line = null!;
        var before = _counters.Get(price.Key, periodStart).Value;
        foreach (var other in earlier)
        {
            if (other.Usage.Meter == usage.Meter && other.Price == price.Id)
            {
                before += other.Usage.Quantity.Value;
            }
        }

        if (!Quantity.TryFrom(before, out var quantityBefore) || !price.TryLine(quantityBefore, usage.Quantity, Settings.Discount, out var priced))
        {
            return false;
        }

        line = new ChargedLine(usage, price.Id, quantityBefore, priced);
        return true;
    }

    /// <summary>Finds who pays for the priced lines, by the charge's mode.</summary>
    private ChargeDecision Cover(Charge charge, DateTimeOffset now, RateCardVersion version, DateTimeOffset periodStart, ChargedLine[] lines)
    {
        var burn = new BurnPlan(_grants, Overage);
        var beyondGrants = Settings.CreditLimit - Overage - Held;
        var required = Credits.Zero;
        var covered = Credits.Zero;
        foreach (var line in lines)
        {
            required += line.Priced.Credits;
        }

        if (!Credits.Fits(required.Value))
        {
            return new ChargeDecision(ChargeOutcome.OutOfRange);
        }

        IReadOnlyList<ChargeOutcome> violations = [];
        foreach (var line in lines)
        {
            var credits = line.Priced.Credits;
            if (!credits.IsPositive)
            {
                burn.Return(-credits, line.Usage.Meter);
                covered += credits;
                continue;
            }

            var available = burn.RemainingFor(line.Usage.Meter) + beyondGrants - burn.OverageAdded;
            if (credits > available)
            {
                switch (charge.Mode)
                {
                    case ChargeMode.Enforce:
                        return new ChargeDecision(ChargeOutcome.InsufficientCredits, Required: required, Available: covered + available);
                    case ChargeMode.UpTo:
                        credits = Credits.Larger(available, Credits.Zero);
                        break;
                    case ChargeMode.Record:
                        violations = [ChargeOutcome.InsufficientCredits];
                        break;
                }
            }

            burn.Take(credits, line.Usage.Meter);
            covered += credits;
        }

        if (!Credits.Fits(Overage.Value + burn.OverageAdded.Value) || !Credits.Fits(_grants.Remaining.Value + burn.Unreturned.Value))
        {
            return new ChargeDecision(ChargeOutcome.OutOfRange);
        }

        return new ChargeDecision(ChargeOutcome.Charged, new Charged
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance - covered,
            Available = Available - covered,
            Id = charge.Id,
            Mode = charge.Mode,
            Time = charge.Time,
            PeriodStart = periodStart,
            Card = version.Card,
            Version = version.Version,
            Lines = lines,
            Credits = covered,
            Uncovered = required - covered,
            Burns = burn.Burns,
            OverageAdded = burn.OverageAdded,
            Refund = burn.Unreturned.IsZero ? null : new Burn(NewRefundGrant(), burn.Unreturned),
            Violations = violations,
        });
    }

    private string NewRefundGrant()
    {
        // Callers choose grant ids too, and may have taken the obvious name.
        var id = $"refund-{Sequence + 1}";
        while (_grants.Find(id) is not null)
        {
            id += "-";
        }

        return id;
    }
}
