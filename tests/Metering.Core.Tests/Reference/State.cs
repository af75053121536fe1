using System.Globalization;
using Metering.Core.Accounts;
using Metering.Core.Budgets;

namespace Metering.Core.Tests.Reference;

/// <summary>All that can be read of an account, as text: equal states read the same.</summary>
internal static class State
{
    internal static string Of(ReferenceAccount account, DateTimeOffset now) => string.Join('\n',
    [
        Summary(account.Sequence, account.IsClosed, account.Balance, account.Available, account.Held, account.Overage),
        .. account.Grants.Select(grant => Grant(grant.Id, $"{grant.Status}", grant.Remaining, grant.NextRefillAt)),
        .. account.Holds.OrderBy(hold => hold.ExpiresAt).ThenBy(hold => hold.Sequence).Select(hold => Hold(hold.Id, hold.Left, hold.Settled, hold.ExpiresAt)),
        .. account.Budgets.OrderBy(budget => budget.Terms.Id, StringComparer.Ordinal).SelectMany(budget => Of(account, budget, now)),
        .. account.Shadowed.OrderBy(rule => rule.Key).Select(rule => $"{rule.Key} {rule.Value}"),
        .. account.Policy.RateLimits.Select(limit => $"rate {limit.Meter} {Number(account.RateLeft(limit, now))}"),
        .. ReferencePrices.Meters.SelectMany(meter => account.UsedOf(meter).OrderBy(used => used.Period).Where(used => used.Quantity != 0m)
            .Select(used => $"used {meter} {used.Period:O} {Number(used.Quantity)}")),
    ]);

    internal static string Of(Account account, DateTimeOffset now) => string.Join('\n',
    [
        Summary(account.Sequence, account.IsClosed, account.Balance.Value, account.Available.Value, account.Held.Value, account.Overage.Value),
        .. account.Grants.Select(grant => Grant(grant.Id, $"{grant.Status}", grant.Remaining.Value, grant.Status == Core.Grants.GrantStatus.Pending ? null : grant.NextRefillAt)),
        .. account.Holds.Open.Select(hold => Hold(hold.Id, hold.Left.Value, hold.Settled.Value, hold.ExpiresAt)),
        .. account.Budgets.SelectMany(budget => Of(budget, budget.Terms.WindowOf(now, account.Settings.Period))),
        .. account.Policy.Shadowed.Select(rule => $"{rule.Key} {rule.Value}"),
        .. account.Policy.Terms.RateLimits.Zip(account.Policy.LeftAt(now)).Select(limit => $"rate {limit.First.Meter} {limit.Second}"),
        .. ReferencePrices.Meters.SelectMany(meter => account.Counters.OrderBy(counter => counter.PeriodStart)
            .Where(counter => counter.Price.Meter == meter && !counter.Quantity.IsZero)
            .Select(counter => $"used {meter} {counter.PeriodStart:O} {counter.Quantity}")),
    ]);

    private static IEnumerable<string> Of(ReferenceAccount account, ReferenceBudget budget, DateTimeOffset now)
    {
        var window = budget.WindowOf(now);
        return budget.Spent.Keys.Where(key => key.Window == window).Select(key => key.Counter)
            .Union(account.Holds.Select(hold => budget.CounterOf(hold.Usage)).OfType<string>())
            .Order(StringComparer.Ordinal)
            .Select(counter => Budget(
                budget.Terms.Id,
                counter,
                budget.Spent.GetValueOrDefault((counter, window)),
                account.HeldUnder(budget, counter),
                budget.Crossed.Where(crossed => crossed.Counter == counter && crossed.Window == window).Select(crossed => crossed.Threshold)))
            .OfType<string>();
    }

    private static IEnumerable<string> Of(Budget budget, DateTimeOffset window) => budget.Counters
        .Select(counter => Budget(
            budget.Terms.Id,
            string.Join(" ", budget.Terms.ValuesOf(counter.Key).Select(value => value.Value)),
            budget.SpentIn(counter.Key, window).Value,
            counter.Value.Held.Value,
            budget.Window == window ? counter.Value.Crossed : []))
        .OfType<string>().Order(StringComparer.Ordinal);

    private static string Summary(long sequence, bool closed, decimal balance, decimal available, decimal held, decimal overage) =>
        $"#{sequence}{(closed ? " closed" : "")} balance {Number(balance)} available {Number(available)} held {Number(held)} overage {Number(overage)}";

    private static string Grant(string id, string status, decimal remaining, DateTimeOffset? refillAt) => $"grant {id} {status} {Number(remaining)} {refillAt:O}";

    private static string Hold(string id, decimal left, decimal settled, DateTimeOffset expiresAt) => $"hold {id} {Number(left)} {Number(settled)} {expiresAt:O}";

    private static string? Budget(string id, string counter, decimal spent, decimal held, IEnumerable<int> crossed) =>
        spent == 0m && held == 0m && !crossed.Any() ? null : $"budget {id} {counter} spent {Number(spent)} held {Number(held)} crossed {string.Join(",", crossed.Order())}";

    private static string Number(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
