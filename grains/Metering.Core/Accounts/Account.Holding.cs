using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>What becomes of placing a hold.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Held">The hold as it was placed: new, or the original that a retry repeats; null when refused.</param>
/// <param name="Replayed">Whether it is a retry: then there is nothing to apply.</param>
/// <param name="Why">When it was refused: what more there is to say.</param>
public readonly record struct HoldDecision(Outcome Outcome, Held? Held = null, bool Replayed = false, Shortfall Why = default);

/// <summary>What becomes of settling a hold.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Settled">The settle as it is recorded: new, or the original that a retry repeats; null when refused.</param>
/// <param name="Replayed">Whether it is a retry: then there is nothing to apply.</param>
/// <param name="Why">When it was refused: what more there is to say.</param>
public readonly record struct SettleDecision(Outcome Outcome, Settled? Settled = null, bool Replayed = false, Shortfall Why = default)
{
    private readonly IReadOnlyList<BudgetCrossed>? _crossings;

    /// <summary>To apply after <see cref="Settled"/>, in order.</summary>
    public IReadOnlyList<BudgetCrossed> Crossings
    {
        get => _crossings ?? [];
        init => _crossings = value;
    }
}

/// <summary>What becomes of releasing a hold.</summary>
public readonly record struct ReleaseDecision(Outcome Outcome, HoldReleased? Released = null, bool Replayed = false);

public sealed partial class Account
{
    /// <summary>Sets credits aside: what usage would cost now, or an amount.</summary>
    public HoldDecision DecideHold(PlaceHold hold, DateTimeOffset now, RateCard? card)
    {
        if (!Exists)
        {
            return new HoldDecision(Outcome.AccountNotFound);
        }

        if (FindOperation(hold.Id) is { } known)
        {
            return known is Held original && original.IsOf(hold)
                ? new HoldDecision(Outcome.Done, original, Replayed: true)
                : new HoldDecision(Outcome.IdReused);
        }

        if (IsClosed)
        {
            return new HoldDecision(Outcome.AccountClosed);
        }

        ChargeLine[] usage = hold.Usage is null ? [] : [hold.Usage];
        var verdict = new PolicyVerdict();
        _policy.CheckUsage(usage, ref verdict);
        var pricing = Outcome.Done;
        var credits = hold.Credits ?? Credits.Zero;
        if (hold.Usage is not null)
        {
            pricing = TryPrice(usage, stamped: null, now, card, out var priced);
            credits = Credits.Larger(priced.Total, Credits.Zero);
        }

        if (pricing == Outcome.Done)
        {
            _policy.CheckCredits(credits, ref verdict);
            _policy.CheckRate(usage, now, ref verdict);
        }

        if (verdict.Refusals.Count > 0 && (pricing == Outcome.Done || verdict.Refusals[0] < pricing))
        {
            return new HoldDecision(verdict.Refusals[0], Why: new Shortfall(RetryAfter: verdict.RetryAfter, BeyondBurst: verdict.BeyondBurst));
        }

        return pricing == Outcome.Done ? SetAside(hold, credits, verdict, now) : new HoldDecision(pricing);
    }

    /// <summary>Deducts the actual usage of a hold.</summary>
    public SettleDecision DecideSettle(Settle settle, DateTimeOffset now, RateCard? card)
    {
        if (!Exists)
        {
            return new SettleDecision(Outcome.AccountNotFound);
        }

        if (FindOperation(settle.Id) is { } known)
        {
            return known is Settled original && original.IsOf(settle)
                ? new SettleDecision(Outcome.Done, original, Replayed: true)
                : new SettleDecision(Outcome.IdReused);
        }

        if (_holds.Find(settle.Hold) is not { } hold)
        {
            return new SettleDecision(WhyNotOpen(settle.Hold));
        }

        if (settle.Quantity is not null && hold.Usage is null)
        {
            return new SettleDecision(Outcome.HoldHasNoMeter);
        }

        var pricing = PriceSettle(settle, hold, now, card, out var priced);
        return pricing == Outcome.Done ? Deduct(settle, hold, priced, now) : new SettleDecision(pricing);
    }

    /// <summary>Gives a hold's credits back.</summary>
    public ReleaseDecision DecideRelease(string id, string hold, DateTimeOffset now)
    {
        if (!Exists)
        {
            return new ReleaseDecision(Outcome.AccountNotFound);
        }

        if (FindOperation(id) is { } known)
        {
            return known is HoldReleased original && original.Hold == hold
                ? new ReleaseDecision(Outcome.Done, original, Replayed: true)
                : new ReleaseDecision(Outcome.IdReused);
        }

        return _holds.Find(hold) is not { } open
            ? new ReleaseDecision(WhyNotOpen(hold))
            : new ReleaseDecision(Outcome.Done, new HoldReleased
            {
                Sequence = Sequence + 1,
                At = now,
                Balance = Balance,
                Available = Available + open.Left,
                Id = id,
                Hold = hold,
                Released = open.Left,
            });
    }

    /// <summary>A closed account is the reason before a closed hold, and a hold that nobody knows before either.</summary>
    private Outcome WhyNotOpen(string hold) =>
        _holds.WhyNotOpen(hold) is var reason && IsClosed && reason != Outcome.HoldNotFound ? Outcome.AccountClosed : reason;

    private HoldDecision SetAside(PlaceHold hold, Credits credits, PolicyVerdict verdict, DateTimeOffset now)
    {
        if (_holds.Count >= _limits.MaxOpenHolds)
        {
            return new HoldDecision(Outcome.TooManyHolds);
        }

        // Credits for no meter in particular can later be paid by grants for all meters only: no others may be counted on.
        var usage = hold.Usage ?? NoUsage;
        var budgets = BudgetPlan.Of(_budgets, now, Settings.Period, settling: null);
        budgets.Look(usage.Meter, usage.Dimensions);
        var room = budgets.Room();
        var available = _grants.RemainingFor(usage.Meter) + Settings.CreditLimit - Overage - Held;
        if (hold.Mode == ChargeMode.UpTo)
        {
            credits = Credits.Larger(Credits.Zero, Credits.Min(credits, room is { } most ? Credits.Min(most, available) : available));
        }
        else if (credits.IsPositive && credits > room)
        {
            return new HoldDecision(Outcome.BudgetExceeded, Why: new Shortfall(credits, room));
        }
        else if (credits.IsPositive && credits > available)
        {
            return new HoldDecision(Outcome.InsufficientCredits, Why: new Shortfall(credits, available));
        }

        if (!Credits.FitsSum(Held, credits))
        {
            return new HoldDecision(Outcome.OutOfRange);
        }

        return new HoldDecision(Outcome.Done, new Held
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance,
            Available = Available - credits,
            Id = hold.Id,
            Mode = hold.Mode,
            Usage = hold.Usage,
            Asked = hold.Credits,
            TimeToLive = hold.TimeToLive,
            ExpiresAt = now + hold.TimeToLive,
            Credits = credits,
            Shadowed = verdict.Shadowed,
        });
    }

    private Outcome PriceSettle(Settle settle, Hold hold, DateTimeOffset now, RateCard? card, out PricedUsage priced)
    {
        if (settle.Quantity is { } quantity)
        {
            return TryPrice([hold.Usage! with { Quantity = quantity }], stamped: null, now, card, out priced);
        }

        // Credits have no price; the line still says what they were for, so that budgets count them.
        var credits = settle.Credits ?? Credits.Zero;
        var usage = hold.Usage is null ? NoUsage : hold.Usage with { Quantity = Quantity.Zero };
        priced = new PricedUsage
        {
            PeriodStart = Settings.Period.StartOf(now),
            Lines = [new ChargedLine(usage, "", Quantity.Zero, new PricedLine(credits, [], []), credits)],
            Total = credits,
        };
        return Outcome.Done;
    }

    private SettleDecision Deduct(Settle settle, Hold hold, PricedUsage priced, DateTimeOffset now)
    {
        var verdict = new PolicyVerdict();
        var budgets = BudgetPlan.Of(_budgets, now, Settings.Period, hold);
        var refusal = TryCover(priced, settle.Mode, hold.Left, budgets, Settings.CreditLimit - Overage - (Held - hold.Left), ref verdict, out var covered);
        if (refusal != Outcome.Done)
        {
            return new SettleDecision(refusal, Why: covered.Why);
        }

        var credits = covered.Payment.Credits;
        var used = Credits.Larger(Credits.Zero, Credits.Min(hold.Left, credits));
        var released = settle.Final ? hold.Left - used : Credits.Zero;
        var settled = new Settled
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance - credits,
            Available = Available - credits + used + released,
            Id = settle.Id,
            Mode = settle.Mode,
            PeriodStart = priced.PeriodStart,
            Card = priced.Version?.Card ?? "",
            Version = priced.Version?.Version ?? 0,
            Lines = priced.Lines,
            Payment = covered.Payment,
            Uncovered = priced.Total - credits,
            Violations = verdict.Refusals,
            Hold = settle.Hold,
            Asked = settle.Credits,
            Final = settle.Final,
            Used = used,
            Released = released,
        };
        var crossings = budgets.Crossings(settled, settled.Id);
        return new SettleDecision(Outcome.Done, crossings.Count == 0 ? settled : settled with { Crossed = CrossedBy(crossings) }) { Crossings = crossings };
    }
}
