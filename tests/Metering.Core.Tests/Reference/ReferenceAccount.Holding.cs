using System.Globalization;
using Metering.Core.Charges;
using Metering.Core.Holds;

namespace Metering.Core.Tests.Reference;

internal sealed class ReferenceHold
{
    internal required string Id { get; init; }
    internal required string Body { get; init; }
    internal required ChargeLine? Usage { get; init; }
    internal required DateTimeOffset ExpiresAt { get; init; }
    internal required long Sequence { get; init; }
    internal required ReferenceAnswer Answer { get; init; }
    internal decimal Left { get; set; }
    internal decimal Settled { get; set; }
}

internal sealed partial class ReferenceAccount
{
    internal const int MaxHolds = 6;

    private readonly List<(string Id, DateTimeOffset At, bool Expired)> _ended = [];

    /// <summary>The open ones.</summary>
    internal List<ReferenceHold> Holds { get; } = [];

    internal ReferenceAnswer Hold(PlaceHold hold, DateTimeOffset now)
    {
        var body = string.Create(CultureInfo.InvariantCulture, $"hold {hold.Mode} {hold.TimeToLive} {hold.Credits} {(hold.Usage is null ? "" : Body([hold.Usage]))}");
        if (Retried(hold.Id, body) is { } retried)
        {
            return retried;
        }

        // An open hold answers a retry however many ids came since.
        if (Holds.Find(open => open.Id == hold.Id) is { } same)
        {
            return same.Body == body ? same.Answer with { Replayed = true } : new(Outcome.IdReused);
        }

        if (IsClosed)
        {
            return new(Outcome.AccountClosed);
        }

        var broken = new List<Outcome>();
        var shadowed = new List<Policies.PolicyRule>();
        ChargeLine[] usage = hold.Usage is null ? [] : [hold.Usage];
        CheckUsage(usage, broken, shadowed);
        if (usage.Any(line => !ReferencePrices.Knows(line.Meter)))
        {
            return new(broken.Count == 0 ? Outcome.UnknownMeter : broken.Min());
        }

        var credits = hold.Credits?.Value ?? Math.Max(0m, PriceOf(hold.Usage!, now));
        CheckCredits(credits, broken, shadowed);
        CheckRates(usage, now, broken, shadowed);
        if (broken.Count > 0)
        {
            return new(broken.Min());
        }

        if (Holds.Count == MaxHolds)
        {
            return new(Outcome.TooManyHolds);
        }

        var room = new ReferencePayment(this, Held).RoomFor(hold.Usage?.Meter ?? "");
        var budget = BudgetRoomFor(hold.Usage, [], settling: null, now);
        if (hold.Mode == ChargeMode.UpTo)
        {
            credits = Math.Max(0m, Math.Min(credits, Math.Min(room, budget)));
        }
        else if (credits > 0m && (credits > budget || credits > room))
        {
            return new(credits > budget ? Outcome.BudgetExceeded : Outcome.InsufficientCredits);
        }

        Drain(usage, shadowed, now);
        var answer = new ReferenceAnswer(Outcome.Done, credits);
        _ended.RemoveAll(ended => ended.Id == hold.Id);
        Holds.Add(new ReferenceHold { Id = hold.Id, Body = body, Usage = hold.Usage, ExpiresAt = now + hold.TimeToLive, Sequence = Sequence + 1, Answer = answer, Left = credits });
        Entered(now);
        return Remember(hold.Id, body, null, now, answer);
    }

    internal ReferenceAnswer Settle(Settle settle, DateTimeOffset now)
    {
        if (Retried(settle.Id, settle) is { } retried)
        {
            return retried;
        }

        if (Holds.Find(open => open.Id == settle.Hold) is not { } hold)
        {
            return new(WhyNotOpen(settle.Hold));
        }

        if (settle.Quantity is not null && hold.Usage is null)
        {
            return new(Outcome.HoldHasNoMeter);
        }

        ReferenceLine line = settle.Quantity is { } quantity
            ? new(hold.Usage! with { Quantity = quantity }, PeriodOf(now), PriceOf(hold.Usage with { Quantity = quantity }, now))
            : new(hold.Usage, null, settle.Credits!.Value.Value);

        // What was held is its own; only what goes beyond it must fit.
        var payment = new ReferencePayment(this, Held - hold.Left);
        var broken = new List<Outcome>();
        var beyond = line.Credits > hold.Left;
        if (beyond && line.Credits > BudgetRoomFor(hold.Usage, [], hold, now))
        {
            broken.Add(Outcome.BudgetExceeded);
        }

        if (beyond && line.Credits > payment.RoomFor(hold.Usage?.Meter ?? ""))
        {
            broken.Add(Outcome.InsufficientCredits);
        }

        if (settle.Mode == ChargeMode.Enforce && broken.Count > 0)
        {
            return new(broken.Min());
        }

        payment.Take(hold.Usage?.Meter ?? "", line.Credits);
        payment.Commit();
        var used = Math.Max(0m, Math.Min(line.Credits, hold.Left));
        var released = settle.Final ? hold.Left - used : 0m;
        hold.Left -= used + released;
        hold.Settled += line.Credits;
        if (settle.Final)
        {
            Ended(hold, now, expired: false);
        }

        var paid = new ReferencePaid { Id = settle.Id, At = now, Sequence = Sequence + 1, Lines = [line], Parts = payment.Parts };
        var answer = new ReferenceAnswer(Outcome.Done, line.Credits, 0m, released) { Violations = string.Join(",", broken.Order()), Burned = payment.Said, Crossed = Commit(paid, now) };
        return Remember(settle.Id, settle, null, now, answer);
    }

    internal ReferenceAnswer Release(string id, string holdId, DateTimeOffset now)
    {
        var body = $"release {holdId}";
        if (Retried(id, body) is { } retried)
        {
            return retried;
        }

        if (Holds.Find(open => open.Id == holdId) is not { } hold)
        {
            return new(WhyNotOpen(holdId));
        }

        Ended(hold, now, expired: false);
        Entered(now);
        return Remember(id, body, null, now, new(Outcome.Done, 0m, 0m, hold.Left));
    }

    /// <summary>How holds ended is remembered for a day, and of as many as ids are.</summary>
    private void Ended(ReferenceHold hold, DateTimeOffset at, bool expired)
    {
        Holds.Remove(hold);
        _ended.Add((hold.Id, at, expired));
        while (_ended.Count > MaxIds || _ended[0].At <= at - IdWindow)
        {
            _ended.RemoveAt(0);
        }
    }

    private Outcome WhyNotOpen(string id)
    {
        var ended = _ended.FindLastIndex(ended => ended.Id == id);
        return ended < 0 ? Outcome.HoldNotFound
            : IsClosed ? Outcome.AccountClosed
            : _ended[ended].Expired ? Outcome.HoldExpired : Outcome.HoldClosed;
    }

    private decimal PriceOf(ChargeLine usage, DateTimeOffset now) =>
        ReferencePrices.Of(usage.Meter, UsedIn(usage.Meter, PeriodOf(now)), usage.Quantity.Value, _discount);
}
