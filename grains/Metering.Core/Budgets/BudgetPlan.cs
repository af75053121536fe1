using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Pricing;

namespace Metering.Core.Budgets;

/// <summary>
/// What a charge would add to the budgets, line by line, without changing them: earlier lines count for later ones.
/// </summary>
internal sealed class BudgetPlan(BudgetBook book, DateTimeOffset now, Period period, Hold? settling)
{
    private readonly List<Planned> _planned = new(book.All.Count);
    private readonly List<Planned> _matched = new(book.All.Count);

    /// <summary>Takes up a line: what follows is about the budgets it falls under.</summary>
    internal void Look(string meter, ReadOnlySpan<Dimension> dimensions)
    {
        _matched.Clear();
        foreach (var budget in book.All)
        {
            if (budget.Terms.TryMatch(meter, dimensions, out var name))
            {
                var window = budget.Terms.WindowOf(now, period);
                _matched.Add(new Planned(budget, CounterFor(budget, name, window), window, Credits.Zero));
            }
        }
    }

    /// <summary>How much the line may still cost before a blocking budget refuses; null when none would.</summary>
    internal Credits? Room()
    {
        Credits? room = null;
        foreach (var (budget, counter, window, _) in _matched)
        {
            if (budget.Terms.Action == BudgetAction.Block)
            {
                var left = budget.Terms.Limit - budget.SpentIn(counter, window) - HeldByOthers(budget, counter, window) - PlannedUnder(budget, counter);
                room = room is { } other ? Credits.Min(other, left) : left;
            }
        }

        return room;
    }

    /// <summary>Plans what the line costs.</summary>
    internal void Spend(Credits credits)
    {
        foreach (var matched in _matched)
        {
            var index = _planned.FindIndex(planned => planned.Budget == matched.Budget && planned.Counter == matched.Counter);
            if (index < 0)
            {
                _planned.Add(matched with { Credits = credits });
            }
            else
            {
                _planned[index] = _planned[index] with { Credits = _planned[index].Credits + credits };
            }
        }
    }

    /// <summary>Whether every counter would stay in the range of credits.</summary>
    internal bool Fits() => _planned.TrueForAll(planned =>
        Credits.FitsSum(planned.Budget.SpentIn(planned.Counter, planned.Window), planned.Credits));

    /// <summary>The thresholds that would be reached and had not been.</summary>
    internal IReadOnlyList<BudgetCrossed> Crossings(Entry cause, string causeId)
    {
        List<BudgetCrossed>? crossings = null;
        foreach (var (budget, counter, window, credits) in _planned)
        {
            if (!credits.IsPositive)
            {
                continue;
            }

            var spent = Credits.Larger(budget.SpentIn(counter, window) + credits, Credits.Zero);
            foreach (var (threshold, level) in budget.Levels)
            {
                if (spent >= level && !budget.HasCrossed(counter, window, threshold))
                {
                    crossings ??= [];
                    crossings.Add(new BudgetCrossed
                    {
                        Sequence = cause.Sequence + crossings.Count + 1,
                        At = cause.At,
                        Balance = cause.Balance,
                        Available = cause.Available,
                        Budget = budget.Terms.Id,
                        Counter = counter,
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
    private Credits HeldByOthers(Budget budget, string counter, DateTimeOffset window)
    {
        var held = budget.HeldUnder(counter);
        return settling is not null && budget.Terms.TryMatch(settling.Usage?.Meter ?? "", settling.Usage?.Dimensions, out var own) && CounterFor(budget, own, window) == counter
            ? Credits.Larger(held - settling.Left, Credits.Zero)
            : held;
    }

    private Credits PlannedUnder(Budget budget, string counter)
    {
        foreach (var planned in _planned)
        {
            if (planned.Budget == budget && planned.Counter == counter)
            {
                return planned.Credits;
            }
        }

        return Credits.Zero;
    }

    private readonly record struct Planned(Budget Budget, string Counter, DateTimeOffset Window, Credits Credits);
}
