using Metering.Core.Entries;
using Metering.Core.Holds;
using Metering.Core.Pricing;

namespace Metering.Core.Budgets;

/// <summary>
/// What a charge would add to the budgets, line by line, without changing them: earlier lines count for later ones.
/// </summary>
internal sealed class BudgetPlan(BudgetBook book, DateTimeOffset now, Period period, Hold? settling)
{
    private readonly List<Planned> _planned = [];

    /// <summary>How much usage may still cost before a blocking budget refuses; null when none would.</summary>
    internal Credits? RoomFor(string meter, ReadOnlySpan<Dimension> dimensions)
    {
        Credits? room = null;
        foreach (var budget in book.All)
        {
            if (budget.Terms.Action == BudgetAction.Block && budget.Terms.TryMatch(meter, dimensions, out var name))
            {
                var window = budget.Terms.WindowOf(now, period);
                var counter = CounterFor(budget, name, window);
                var left = budget.Terms.Limit - budget.SpentIn(counter, window) - HeldByOthers(budget, counter, window) - PlannedUnder(budget, counter);
                room = room is { } other ? Credits.Min(other, left) : left;
            }
        }

        return room;
    }

    internal void Spend(string meter, ReadOnlySpan<Dimension> dimensions, Credits credits)
    {
        foreach (var budget in book.All)
        {
            if (budget.Terms.TryMatch(meter, dimensions, out var name))
            {
                var counter = CounterFor(budget, name, budget.Terms.WindowOf(now, period));
                var index = _planned.FindIndex(planned => planned.Budget == budget && planned.Counter == counter);
                if (index < 0)
                {
                    _planned.Add(new Planned(budget, counter, credits));
                }
                else
                {
                    _planned[index] = _planned[index] with { Credits = _planned[index].Credits + credits };
                }
            }
        }
    }

    /// <summary>Whether every counter would stay in the range of credits.</summary>
    internal bool Fits() => _planned.TrueForAll(planned =>
        Credits.Fits(planned.Budget.SpentIn(planned.Counter, planned.Budget.Terms.WindowOf(now, period)).Value + planned.Credits.Value));

    /// <summary>The thresholds that would be reached and had not been.</summary>
    internal IReadOnlyList<BudgetCrossed> Crossings(Entry cause, string causeId)
    {
        List<BudgetCrossed>? crossings = null;
        var sequence = cause.Sequence;
        foreach (var (budget, counter, credits) in _planned)
        {
            var window = budget.Terms.WindowOf(now, period);
            var spent = Credits.Larger(budget.SpentIn(counter, window) + credits, Credits.Zero);
            foreach (var threshold in budget.Terms.Thresholds)
            {
                if (credits.IsPositive && budget.Reaches(spent, threshold) && !budget.HasCrossed(counter, window, threshold))
                {
                    (crossings ??= []).Add(new BudgetCrossed
                    {
                        Sequence = ++sequence,
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

    internal bool IsEmpty => _planned.Count == 0;

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

    private readonly record struct Planned(Budget Budget, string Counter, Credits Credits);
}
