using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Policies;

namespace Metering.Core.Accounts;

/// <summary>Who pays for priced usage, or why nobody does.</summary>
internal struct Coverage
{
    internal Payment Payment { get; set; }
    internal Shortfall Why { get; set; }
}

public sealed partial class Account
{
    /// <summary>
    /// Finds who pays for priced usage, by its mode: budgets first, then credits. Sets what was taken for each line, and adds to
    /// <paramref name="verdict"/> what recorded usage passed.
    /// </summary>
    /// <param name="priced">Its lines learn what was taken for them.</param>
    /// <param name="mode">What becomes of usage that does not fit.</param>
    /// <param name="promised">What a hold set aside for it: that much is taken in any mode, only what goes beyond must fit.</param>
    /// <param name="budgets">Learns what was spent.</param>
    /// <param name="beyondGrants">Credits that may be taken beyond grants, less what others hold.</param>
    /// <param name="verdict">Learns what was passed.</param>
    /// <param name="covered">The payment, or what was short.</param>
    private Outcome TryCover(PricedUsage priced, ChargeMode mode, Credits promised, BudgetPlan budgets, Credits beyondGrants, ref PolicyVerdict verdict, out Coverage covered)
    {
        covered = default;
        var burn = new BurnPlan(_grants, Overage);
        var taken = Credits.Zero;
        Shortfall? missing = null;
        for (var i = 0; i < priced.Lines.Length; i++)
        {
            var line = priced.Lines[i];
            var credits = line.Priced.Credits;
            var meter = line.Usage.Meter;
            budgets.Look(meter, line.Usage.Dimensions);
            if (!credits.IsPositive)
            {
                burn.Return(-credits, meter);
            }
            else
            {
                var room = budgets.Room();
                var available = burn.RemainingFor(meter) + beyondGrants - burn.OverageAdded;
                if (mode == ChargeMode.UpTo)
                {
                    credits = Credits.Larger(Credits.Zero, Credits.Min(credits, room is { } most ? Credits.Min(most, available) : available));
                    priced.Lines[i] = line with { Taken = credits };
                }
                else if (credits > promised && credits > room)
                {
                    if (mode == ChargeMode.Enforce)
                    {
                        covered.Why = new Shortfall(priced.Total, taken + room, i);
                        return Outcome.BudgetExceeded;
                    }

                    verdict.Add(Outcome.BudgetExceeded);
                }

                if (credits > promised && credits > available)
                {
                    // A budget that a later line exceeds is the reason to give before this one.
                    missing ??= new Shortfall(priced.Total, taken + available, i);
                }

                burn.Take(credits, meter);
            }

            taken += credits;
            budgets.Spend(credits);
        }

        if (missing is { } why)
        {
            if (mode == ChargeMode.Enforce)
            {
                covered.Why = why;
                return Outcome.InsufficientCredits;
            }

            verdict.Add(Outcome.InsufficientCredits);
        }

        if (!Fits(burn) || !budgets.Fits())
        {
            return Outcome.OutOfRange;
        }

        covered.Payment = PaymentOf(burn, taken);
        return Outcome.Done;
    }

    private bool Fits(in BurnPlan burn) =>
        Credits.FitsSum(Overage, burn.OverageAdded) && Credits.FitsSum(_grants.Remaining, burn.Unreturned);

    private Payment PaymentOf(in BurnPlan burn, Credits credits) => new()
    {
        Credits = credits,
        Burns = burn.Burns,
        OverageAdded = burn.OverageAdded,
        Refund = burn.Unreturned.IsZero ? null : new Burn(NewRefundGrant(), burn.Unreturned),
    };

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
