using System.Globalization;
using Metering.Core.Charges;

namespace Metering.Core.Tests.Reference;

internal sealed partial class ReferenceAccount
{
    private readonly List<ReferencePaid> _paid = [];

    /// <summary>By meter, the period that was counted last first.</summary>
    private readonly Dictionary<string, List<(DateTimeOffset Period, decimal Quantity)>> _used = [];

    internal List<(DateTimeOffset Period, decimal Quantity)> UsedOf(string meter) => _used.GetValueOrDefault(meter) ?? [];

    private decimal UsedIn(string meter, DateTimeOffset period) => UsedOf(meter).Where(used => used.Period == period).Sum(used => used.Quantity);

    /// <summary>Three periods are counted: when there is another, the one that was counted longest ago is no more.</summary>
    private void Use(string meter, DateTimeOffset period, decimal quantity)
    {
        var sum = UsedIn(meter, period) + quantity;
        _used[meter] = [(period, sum), .. UsedOf(meter).Where(used => used.Period != period).Take(2)];
    }

    private void GiveBack(string meter, DateTimeOffset period, decimal quantity) =>
        _used[meter] = [.. UsedOf(meter).Select(used => used.Period == period ? (period, Math.Max(0m, used.Quantity - quantity)) : used)];

    internal ReferenceAnswer Charge(Charge charge, DateTimeOffset now)
    {
        if (charge.Producer is { } producer)
        {
            if (Repeated(producer, charge.ProducerSequence) is { } repeated)
            {
                return repeated;
            }

            if (HasNoRoomFor(producer, now))
            {
                return new(Outcome.TooManyProducers);
            }
        }
        else if (Retried(charge.Id, Body(charge)) is { } retried)
        {
            return retried;
        }

        var answer = Decide(charge, now, out var paid);
        if (answer.Outcome != Outcome.Done)
        {
            return answer;
        }

        answer = answer with { Crossed = Commit(paid!, now) };
        return charge.Producer is { } name
            ? Number(name, charge.ProducerSequence, answer, now)
            : Remember(charge.Id, Body(charge), charge.Time, now, answer);
    }

    private ReferenceAnswer Decide(Charge charge, DateTimeOffset now, out ReferencePaid? paid)
    {
        paid = null;
        if (IsClosed)
        {
            return new(Outcome.AccountClosed);
        }

        var broken = new List<Outcome>();
        var shadowed = new List<Policies.PolicyRule>();
        CheckUsage(charge.Lines, broken, shadowed);
        var recording = charge.Mode == ChargeMode.Record;
        var unpriceable = WhyNotPriced(charge, now);
        if (unpriceable != Outcome.Done)
        {
            return new(recording || broken.Count == 0 ? unpriceable : broken.Min());
        }

        var period = PeriodOf(charge.Time ?? now);
        var lines = new List<ReferenceLine>();
        foreach (var line in charge.Lines)
        {
            var before = UsedIn(line.Meter, period) + lines.Where(other => other.Usage!.Meter == line.Meter).Sum(other => other.Quantity);
            lines.Add(new ReferenceLine(line, period, ReferencePrices.Of(line.Meter, before, line.Quantity.Value, _discount)));
        }

        CheckCredits(lines.Sum(line => line.Credits), broken, shadowed);
        CheckRates(charge.Lines, now, broken, shadowed);
        if (broken.Count > 0 && !recording)
        {
            return new(broken.Min());
        }

        var payment = new ReferencePayment(this, held: Held);
        var uncovered = 0m;
        var taken = new List<ReferenceLine>();
        foreach (var line in lines)
        {
            var credits = line.Credits;
            var budget = BudgetRoomFor(line.Usage, taken, settling: null, now);
            var room = payment.RoomFor(line.Usage!.Meter);
            if (charge.Mode == ChargeMode.UpTo && credits > 0m)
            {
                credits = Math.Max(0m, Math.Min(credits, Math.Min(room, budget)));
                uncovered += line.Credits - credits;
            }
            else if (credits > 0m)
            {
                broken.AddRange(credits > budget ? [Outcome.BudgetExceeded] : []);
                broken.AddRange(credits > room ? [Outcome.InsufficientCredits] : []);
            }

            taken.Add(line with { Credits = credits });
            payment.Take(line.Usage.Meter, credits);
        }

        if (broken.Count > 0 && !recording)
        {
            return new(broken.Min());
        }

        payment.Commit();
        Drain(charge.Lines, shadowed, now);
        paid = new ReferencePaid { Id = charge.Id, At = now, Sequence = Sequence + 1, Lines = taken, Parts = payment.Parts };
        return new(Outcome.Done, paid.Credits, uncovered) { Violations = string.Join(",", broken.Distinct().Order()), Burned = payment.Said };
    }

    /// <summary>Counters, budgets and the ledger hear of it; says which thresholds were crossed.</summary>
    private string Commit(ReferencePaid paid, DateTimeOffset now)
    {
        _paid.Add(paid);
        foreach (var line in paid.Lines.Where(line => line.PeriodStart is not null))
        {
            Use(line.Usage!.Meter, line.PeriodStart!.Value, line.Quantity);
        }

        Entered(now);
        return Spend(paid.Lines, now);
    }

    private Outcome WhyNotPriced(Charge charge, DateTimeOffset now)
    {
        if (charge.Lines.Any(line => !ReferencePrices.Knows(line.Meter)))
        {
            return Outcome.UnknownMeter;
        }

        var time = charge.Time ?? now;
        if (time > now.AddMinutes(5))
        {
            return Outcome.InFuture;
        }

        var period = PeriodOf(now);
        var late = time < period && (time < PeriodOf(period.AddTicks(-1)) || now >= period.AddDays(3));
        return late || (charge.Time is not null && time <= _forgotten) ? Outcome.TooOld : Outcome.Done;
    }

    private static string Body(Charge charge) => string.Create(CultureInfo.InvariantCulture, $"charge {charge.Mode} {charge.Time:O} {Body(charge.Lines)}");

    private static string Body(IEnumerable<ChargeLine> lines) =>
        string.Join(";", lines.Select(line => $"{line.Meter} {line.Quantity} {string.Join(",", line.Dimensions)}"));
}
