using Metering.Core.Encoding;
using Metering.Core.Holds;
using Metering.Core.Pricing;

namespace Metering.Core.Budgets;

/// <summary>All budgets of an account, in the order of their ids.</summary>
public sealed class BudgetBook
{
    private Budget[] _budgets = [];

    public IReadOnlyList<Budget> All => _budgets;

    public Budget? Find(string id) => Array.Find(_budgets, budget => budget.Terms.Id == id);

    internal void Change(BudgetTerms terms, int maxCounters, IEnumerable<Hold> openHolds, DateTimeOffset now, Period period)
    {
        var budget = Find(terms.Id);
        if (budget is null)
        {
            budget = new Budget(terms, maxCounters);
            _budgets = [.. _budgets.Append(budget).OrderBy(each => each.Terms.Id, StringComparer.Ordinal)];
        }
        else
        {
            budget.Change(terms);
        }

        // The scope may fit other holds than before: what is held is counted anew.
        budget.ForgetHeld();
        foreach (var hold in openHolds.OrderBy(hold => hold.Placed.Sequence))
        {
            Hold(budget, hold, hold.Left, now, period);
        }
    }

    internal void Remove(string id) => _budgets = [.. _budgets.Where(budget => budget.Terms.Id != id)];

    /// <summary>Counts credits spent on usage, or given back, at an instant.</summary>
    internal void Spend(string meter, ReadOnlySpan<Dimension> dimensions, Credits credits, DateTimeOffset at, Period period)
    {
        foreach (var budget in _budgets)
        {
            if (budget.Terms.TryMatch(meter, dimensions, out var counter))
            {
                budget.Spend(counter, credits, budget.Terms.WindowOf(at, period));
            }
        }
    }

    /// <summary>Gives credits back to the budgets whose window is still the one they were spent in.</summary>
    internal void GiveBack(string meter, ReadOnlySpan<Dimension> dimensions, Credits credits, DateTimeOffset spentAt, DateTimeOffset at, Period period)
    {
        foreach (var budget in _budgets)
        {
            var window = budget.Terms.WindowOf(at, period);
            if (budget.Terms.WindowOf(spentAt, period) == window && window == budget.Window && budget.Terms.TryMatch(meter, dimensions, out var counter))
            {
                budget.Spend(counter, -credits, window);
            }
        }
    }

    /// <summary>Counts credits set aside by a hold, or no longer so.</summary>
    internal void Hold(Hold hold, Credits credits, DateTimeOffset at, Period period)
    {
        foreach (var budget in _budgets)
        {
            Hold(budget, hold, credits, at, period);
        }
    }

    internal void Write(ByteWriter writer)
    {
        writer.Count(_budgets.Length);
        foreach (var budget in _budgets)
        {
            budget.Write(writer);
        }
    }

    internal static BudgetBook Read(ref ByteReader reader, int maxCounters)
    {
        var budgets = new Budget[reader.Count()];
        for (var i = 0; i < budgets.Length; i++)
        {
            budgets[i] = Budget.Read(ref reader, maxCounters);
        }

        return new BudgetBook { _budgets = budgets };
    }

    private static void Hold(Budget budget, Hold hold, Credits credits, DateTimeOffset at, Period period)
    {
        if (budget.Terms.TryMatch(hold.Usage?.Meter ?? "", hold.Usage?.Dimensions, out var counter))
        {
            budget.Hold(counter, credits, budget.Terms.WindowOf(at, period));
        }
    }
}
