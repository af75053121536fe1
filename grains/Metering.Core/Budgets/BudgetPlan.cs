using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Pricing;

namespace Metering.Core.Budgets;

/// <summary>
/// What a charge would add to the budgets, line by line, without changing them: earlier lines count for later ones.
/// </summary>
internal sealed class BudgetPlan(BudgetBook book, DateTimeOffset now, Period period, Hold? settling)
{
    // Without budgets nothing is ever added: one plan does for all accounts.
    private static readonly BudgetPlan Nothing = new(new BudgetBook(), DateTimeOffset.MinValue, Period.Default, settling: null);

    private readonly List<Planned> _planned = new(book.Count);
    private readonly List<int> _matched = new(book.Count);

    internal static BudgetPlan Of(BudgetBook book, DateTimeOffset now, Period period, Hold? settling) =>
        book.Count == 0 ? Nothing : new BudgetPlan(book, now, period, settling);

    /// <summary>Takes up a line: what follows is about the budgets it falls under.</summary>
    internal void Look(string meter, ReadOnlySpan<Dimension> dimensions)
    {
        if (book.Count == 0)
        {
            return;
        }

        _matched.Clear();
        foreach (var budget in book.InOrder)
        {
            if (budget.Terms.TryMatch(meter, dimensions, out var name))
            {
                var window = budget.Terms.WindowOf(now, period);
                var counter = CounterFor(budget, name, window);
                var index = IndexOf(budget, counter);
                if (index < 0)
                {
                    index = _planned.Count;
                    _planned.Add(new Planned(budget, counter, budget.Find(counter), window, Credits.Zero));
                }

                _matched.Add(index);
            }
        }
    }

    /// <summary>How much the line may still cost before a blocking budget refuses; null when none would.</summary>
    internal Credits? Room()
    {
        Credits? room = null;
        foreach (var index in _matched)
        {
            var planned = _planned[index];
            if (planned.Budget.Terms.Action == BudgetAction.Block)
            {
                var left = planned.Budget.Terms.Limit - planned.Spent - HeldByOthers(planned) - planned.Credits;
                room = room is { } other ? Credits.Min(other, left) : left;
            }
        }

        return room;
    }

    /// <summary>Plans what the line costs.</summary>
    internal void Spend(Credits credits)
    {
        foreach (var index in _matched)
        {
            _planned[index] = _planned[index] with { Credits = _planned[index].Credits + credits };
        }
    }

    /// <summary>Whether every counter would stay in the range of credits.</summary>
    internal bool Fits()
    {
        foreach (var planned in _planned)
        {
            if (!Credits.FitsSum(planned.Spent, planned.Credits))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The thresholds that would be reached and had not been.</summary>
    internal IReadOnlyList<BudgetCrossed> Crossings(Entry cause, string causeId)
    {
        List<BudgetCrossed>? crossings = null;
        foreach (var planned in _planned)
        {
            if (!planned.Credits.IsPositive)
            {
                continue;
            }

            var budget = planned.Budget;
            var spent = Credits.Larger(planned.Spent + planned.Credits, Credits.Zero);
            foreach (var (threshold, level) in budget.Levels)
            {
                if (spent >= level && !planned.HasCrossed(threshold))
                {
                    crossings ??= [];
                    crossings.Add(new BudgetCrossed
                    {
                        Sequence = cause.Sequence + crossings.Count + 1,
                        At = cause.At,
                        Balance = cause.Balance,
                        Available = cause.Available,
                        Budget = budget.Terms.Id,
                        Counter = planned.Counter,
                        Threshold = threshold,
                        Spent = spent,
                        Limit = budget.Terms.Limit,
                        Cause = causeId,
                    });
                }
            }
        }

        return crossings ?? (IReadOnlyList<BudgetCrossed>)[];
    }

    // Lines before may need the last counters there are: then this one is counted under the shared counter, as applying them will.
    private string CounterFor(Budget budget, string name, DateTimeOffset window)
    {
        var more = 0;
        foreach (var planned in _planned)
        {
            if (planned.Budget == budget)
            {
                if (planned.Counter == name)
                {
                    return name;
                }

                more += budget.Has(planned.Counter, window) ? 0 : 1;
            }
        }

        return budget.CounterFor(name, window, more);
    }

    // What a hold set aside is there for its own settling.
    private Credits HeldByOthers(in Planned planned)
    {
        var held = planned.Found?.Held ?? Credits.Zero;
        return settling is not null && planned.Budget.Terms.TryMatch(settling.Usage?.Meter ?? "", settling.Usage?.Dimensions, out var own)
            && CounterFor(planned.Budget, own, planned.Window) == planned.Counter
            ? Credits.Larger(held - settling.Left, Credits.Zero)
            : held;
    }

    private int IndexOf(Budget budget, string counter)
    {
        for (var i = 0; i < _planned.Count; i++)
        {
            if (_planned[i].Budget == budget && _planned[i].Counter == counter)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>What a counter would count.</summary>
    /// <param name="Budget">Of which budget.</param>
    /// <param name="Counter">Its name.</param>
    /// <param name="Found">What it has counted; null when it is to be added.</param>
    /// <param name="Window">When the charge counts.</param>
    /// <param name="Credits">By how much.</param>
    private readonly record struct Planned(Budget Budget, string Counter, BudgetCounter? Found, DateTimeOffset Window, Credits Credits)
    {
        internal Credits Spent => Found is not null && Window == Budget.Window ? Found.Spent : Credits.Zero;

        internal bool HasCrossed(int threshold) => Found is not null && Window == Budget.Window && Found.Crossed.Contains(threshold);
    }
}
