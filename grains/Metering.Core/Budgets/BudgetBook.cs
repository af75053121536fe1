using Metering.Core.Encoding;
using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Pricing;

namespace Metering.Core.Budgets;

/// <summary>All budgets of an account, in the order of their ids.</summary>
public sealed class BudgetBook
{
    private Budget[] _budgets = [];

    /// <summary>What an account has that never had any: one object for a million of them. It is never changed.</summary>
    internal static BudgetBook None { get; } = new();

    public IReadOnlyList<Budget> All => _budgets;

    internal int Count => _budgets.Length;

    internal ReadOnlySpan<Budget> InOrder => _budgets;

    public Budget? Find(string id) => Array.Find(_budgets, budget => budget.Terms.Id == id);

    /// <summary>One that may be changed.</summary>
    internal BudgetBook Own() => ReferenceEquals(this, None) ? new() : this;

    internal void Change(BudgetChanged changed, int maxCounters, IEnumerable<Hold> openHolds, Period period)
    {
        var terms = changed.Terms;
        var budget = Find(terms.Id);
        if (budget is null)
        {
            budget = new Budget(terms, maxCounters, countsFrom: changed.Sequence);
            _budgets = [.. _budgets.Append(budget).OrderBy(each => each.Terms.Id, StringComparer.Ordinal)];
        }
        else
        {
            budget.Change(terms, changed.Sequence);
        }

        // The scope may fit other holds than before: what is held is counted anew.
        budget.ForgetHeld();
        foreach (var hold in openHolds.OrderBy(hold => hold.Placed.Sequence))
        {
            Hold(budget, hold, hold.Left, changed.At, period);
        }
    }

    /// <summary>The account divides time in another way: a budget over its periods is then a budget over other stretches.</summary>
    internal void ChangePeriod(long sequence)
    {
        foreach (var budget in _budgets)
        {
            if (budget.Terms.Window == BudgetWindow.Period)
            {
                budget.BeginAnew(sequence);
            }
        }
    }

    internal void Remove(string id) => _budgets = [.. _budgets.Where(budget => budget.Terms.Id != id)];

    /// <summary>
    /// Counts credits spent on the lines of one entry. Each counter hears the sum: were it to go down and up again within the entry, thresholds
    /// would be crossed twice, and a counter at zero would end higher than what was spent.
    /// </summary>
    internal void Spend(IReadOnlyList<ChargedLine> lines, DateTimeOffset at, Period period)
    {
        foreach (var budget in _budgets)
        {
            if (lines.Count == 1)
            {
                if (budget.Terms.TryMatch(lines[0].Usage.Meter, lines[0].Usage.Dimensions, out var counter))
                {
                    budget.Spend(counter, lines[0].Taken, budget.Terms.WindowOf(at, period));
                }

                continue;
            }

            foreach (var (counter, credits) in SumsOf(budget, lines.Select(line => (line.Usage.Meter, line.Usage.Dimensions, line.Taken))))
            {
                budget.Spend(counter, credits, budget.Terms.WindowOf(at, period));
            }
        }
    }

    /// <summary>Gives a charge back to the budgets that counted it, if their window is still the one it was counted in.</summary>
    internal void GiveBack(Reversed reversed, Period period)
    {
        foreach (var budget in _budgets)
        {
            var window = budget.Terms.WindowOf(reversed.At, period);
            if (reversed.ChargedSequence < budget.CountsFrom || budget.Terms.WindowOf(reversed.ChargedAt, period) != window)
            {
                continue;
            }

            foreach (var (counter, credits) in SumsOf(budget, reversed.Lines.Select(line => (line.Meter, line.Dimensions, line.Credits))))
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

        return budgets.Length == 0 ? None : new BudgetBook { _budgets = budgets };
    }

    /// <summary>Credits by counter, in the order of the lines.</summary>
    private static List<(string Counter, Credits Credits)> SumsOf(Budget budget, IEnumerable<(string Meter, Dimension[] Dimensions, Credits Credits)> lines)
    {
        var sums = new List<(string Counter, Credits Credits)>();
        foreach (var line in lines)
        {
            if (budget.Terms.TryMatch(line.Meter, line.Dimensions, out var counter))
            {
                var index = sums.FindIndex(sum => sum.Counter == counter);
                if (index < 0)
                {
                    sums.Add((counter, line.Credits));
                }
                else
                {
                    sums[index] = (counter, sums[index].Credits + line.Credits);
                }
            }
        }

        return sums;
    }

    private static void Hold(Budget budget, Hold hold, Credits credits, DateTimeOffset at, Period period)
    {
        if (budget.Terms.TryMatch(hold.Usage?.Meter ?? "", hold.Usage?.Dimensions, out var counter))
        {
            budget.Hold(counter, credits, budget.Terms.WindowOf(at, period));
        }
    }
}
