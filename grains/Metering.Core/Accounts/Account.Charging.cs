using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Policies;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

/// <summary>What becomes of a charge.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Charged">The charge as it is recorded: new, or the original that a retry repeats; null when refused.</param>
/// <param name="Replayed">Whether it is a retry: then there is nothing to apply.</param>
/// <param name="Why">When it was refused: what more there is to say.</param>
public readonly record struct ChargeDecision(Outcome Outcome, Charged? Charged = null, bool Replayed = false, Shortfall Why = default)
{
    private readonly IReadOnlyList<BudgetCrossed>? _crossings;

    /// <summary>To apply after <see cref="Charged"/>, in order.</summary>
    public IReadOnlyList<BudgetCrossed> Crossings
    {
        get => _crossings ?? [];
        init => _crossings = value;
    }
}

/// <summary>What there is to say about a refusal beyond its reason.</summary>
/// <param name="Required">When credits or a budget were short: what it needed.</param>
/// <param name="Available">When credits or a budget were short: what it could have had.</param>
/// <param name="Line">When a line was refused: its index.</param>
/// <param name="RetryAfter">When a rate limit refused: after which it would not; null when it always will.</param>
/// <param name="BeyondBurst">When a rate limit refused: the request is larger than it ever lets through at once.</param>
public readonly record struct Shortfall(Credits? Required = null, Credits? Available = null, int Line = 0, TimeSpan? RetryAfter = null, bool BeyondBurst = false);

public sealed partial class Account
{
    /// <summary>How much longer a charge that is sent again may have been on its way than the first time: its age is counted when it is sent, and compared when it is here.</summary>
    private static readonly TimeSpan MaxOnTheWay = TimeSpan.FromSeconds(1);

    /// <summary>Checks, prices and covers a charge. <paramref name="card"/> is the card that the settings name, or null when there is none.</summary>
    public ChargeDecision DecideCharge(Charge charge, DateTimeOffset now, RateCard? card)
    {
        if (!Exists)
        {
            return new ChargeDecision(Outcome.AccountNotFound);
        }

        // Idempotency comes before the balance: a retry of the charge that emptied the
        // account must hear the original answer, never "insufficient credits".
        if (charge.Producer is { } producer)
        {
            if (_producers.Find(producer, charge.ProducerSequence, out var tooOld) is { } numbered)
            {
                return Repeat(numbered, charge);
            }

            if (tooOld)
            {
                return new ChargeDecision(Outcome.TooOld);
            }

            if (FindOperation(charge.Id) is not null)
            {
                return new ChargeDecision(Outcome.IdReused);
            }

            if (!_producers.Knows(producer) && _producers.Count >= _limits.MaxProducers && !_producers.AnySilentThrough(now - _limits.IdWindow))
            {
                return new ChargeDecision(Outcome.TooManyProducers);
            }
        }
        else if (FindOperation(charge.Id) is { } original)
        {
            return original is Charged charged ? Repeat(charged, charge) : new ChargeDecision(Outcome.IdReused);
        }
        else if (charge.FirstSentAgo > TimeSpan.Zero && _remembered.MayHaveForgottenSince(now - charge.FirstSentAgo - MaxOnTheWay))
        {
            // It may be charged already under this id, and nobody can tell any more.
            return new ChargeDecision(Outcome.TooOld);
        }

        return DecideNew(charge, now, card);
    }

    /// <summary>What a charge would do now, by the code that charges. Its id need not be new; nothing is to be applied.</summary>
    public ChargeDecision DecideQuote(Charge charge, DateTimeOffset now, RateCard? card) =>
        Exists ? DecideNew(charge, now, card) : new ChargeDecision(Outcome.AccountNotFound);

    private static ChargeDecision Repeat(Charged original, Charge charge) => original.IsOf(charge)
        ? new ChargeDecision(Outcome.Done, original, Replayed: true)
        : new ChargeDecision(Outcome.IdReused);

    /// <summary>What used an id, as long as it is remembered; of an open hold that is for as long as it is open.</summary>
    private Operation? FindOperation(string id) => _remembered.Find(id) ?? _holds.Find(id)?.Placed ?? (Operation?)FindNumbered(id);

    private ChargeDecision DecideNew(Charge charge, DateTimeOffset now, RateCard? card)
    {
        if (IsClosed)
        {
            return new ChargeDecision(Outcome.AccountClosed);
        }

        var verdict = new PolicyVerdict();
        _policy.CheckUsage(charge.Lines, ref verdict);
        var pricing = TryPrice(charge.Lines, charge.Time, now, card, out var priced);
        if (pricing == Outcome.Done)
        {
            _policy.CheckCredits(priced.Total, ref verdict);
            _policy.CheckRate(charge.Lines, now, ref verdict);
        }

        // Recorded usage happened, whatever the policy says; the rest hears the first reason of all.
        if (charge.Mode != ChargeMode.Record && verdict.Refusals.Count > 0 && (pricing == Outcome.Done || verdict.Refusals[0] < pricing))
        {
            return new ChargeDecision(verdict.Refusals[0], Why: new Shortfall(Line: priced.Line, RetryAfter: verdict.RetryAfter, BeyondBurst: verdict.BeyondBurst));
        }

        if (pricing != Outcome.Done)
        {
            return new ChargeDecision(pricing, Why: new Shortfall(Line: priced.Line));
        }

        var budgets = BudgetPlan.Of(_budgets, now, Settings.Period, settling: null);
        var refusal = TryCover(priced, charge.Mode, Credits.Zero, budgets, Settings.CreditLimit - Overage - Held, ref verdict, out var covered);
        if (refusal != Outcome.Done)
        {
            return new ChargeDecision(refusal, Why: covered.Why);
        }

        var charged = new Charged
        {
            Sequence = Sequence + 1,
            At = now,
            Balance = Balance - covered.Payment.Credits,
            Available = Available - covered.Payment.Credits,
            Id = charge.Id,
            Time = charge.Time,
            Mode = charge.Mode,
            PeriodStart = priced.PeriodStart,
            Card = priced.Version.Card,
            Version = priced.Version.Version,
            Lines = priced.Lines,
            Payment = covered.Payment,
            Uncovered = priced.Total - covered.Payment.Credits,
            Violations = verdict.Refusals,
            Shadowed = verdict.Shadowed,
            Producer = charge.Producer,
            ProducerSequence = charge.ProducerSequence,
        };
        var crossings = budgets.Crossings(charged, charged.Id);
        return crossings.Count == 0
            ? new ChargeDecision(Outcome.Done, charged)
            : new ChargeDecision(Outcome.Done, charged with { Crossed = CrossedBy(crossings) }) { Crossings = crossings };
    }

    private static Crossing[] CrossedBy(IReadOnlyList<BudgetCrossed> crossings) =>
        [.. crossings.Select(crossing => new Crossing(crossing.Budget, crossing.Threshold))];
}
