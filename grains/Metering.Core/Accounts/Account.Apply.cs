using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    /// <summary>Priority of grants that return credits: what other grants have by default.</summary>
    private const int RefundPriority = 100;

    /// <summary>Stands where credits are settled that were held for no meter.</summary>
    private static readonly ChargeLine NoUsage = new("", Quantity.Zero, []);

    /// <summary>Changes the state as an entry says. Entries come in order, each once, without gaps.</summary>
    /// <exception cref="InvalidOperationException">The entry does not follow the last one.</exception>
    public void Apply(Entry entry)
    {
        if (entry.Sequence != Sequence + 1 || entry.At < _lastAt)
        {
            throw new InvalidOperationException($"Entry {entry.Sequence} does not follow entry {Sequence} of account {Id}.");
        }

        switch (entry)
        {
            case Charged charged:
                ApplyCharged(charged);
                break;
            case Settled settled:
                ApplySettled(settled);
                break;
            case Held held:
                _holds = _holds.Own();
                _holds.Place(held);
                _budgets.Hold(_holds.Find(held.Id)!, held.Credits, held.At, Settings.Period);
                _policy = held.Shadowed.Count > 0 ? _policy.Own() : _policy;
                _policy.Count(held.Usage is null ? [] : [held.Usage], held.Shadowed, held.At);
                Remember(held);
                break;
            case HoldReleased released:
                CloseHold(released.Hold, released, expired: false);
                Remember(released);
                break;
            case HoldExpired expired:
                CloseHold(expired.Hold, expired, expired: true);
                break;
            case Reversed reversed:
                ApplyReversed(reversed);
                break;
            case SettingsChanged changed:
                ApplySettings(changed);
                break;
            case GrantAdded or GrantActivated or GrantRefilled or GrantExpired or GrantVoided:
                ApplyToGrant(entry);
                break;
            case BudgetChanged changed:
                _budgets = _budgets.Own();
                _budgets.Change(changed, _limits.MaxBudgetCounters, _holds.Unordered, Settings.Period);
                break;
            case BudgetRemoved removed:
                _budgets.Remove(removed.Budget);
                break;
            case BudgetCrossed crossed:
                _budgets.Find(crossed.Budget)?.Cross(crossed.Counter, crossed.Threshold);
                break;
            case PolicyChanged changed:
                _policy = _policy.Own();
                _policy.Change(changed.Terms, entry.At);
                break;
            case Closed:
                IsClosed = true;
                break;
            default:
                throw new InvalidOperationException($"Entries of kind {entry.Kind} cannot be applied.");
        }

        Sequence = entry.Sequence;
        _lastAt = entry.At;
    }

    private void ApplySettings(SettingsChanged changed)
    {
        if (_settings is null)
        {
            CreatedAt = changed.At;
        }
        else if (_settings.Period != changed.Settings.Period)
        {
            _budgets.ChangePeriod(changed.Sequence);
        }

        _settings = AccountSettings.Shared(changed.Settings);
    }

    private void ApplyCharged(Charged charged)
    {
        ApplyPaid(charged);
        if (_policy.Counts || charged.Shadowed.Count > 0)
        {
            _policy = _policy.Own();
            _policy.Count(UsageOf(charged), charged.Shadowed, charged.At);
        }

        if (charged.Producer is null)
        {
            Remember(charged);
        }
        else if (!_isPast)
        {
            _producers = _producers.Own();
            _producers.Add(charged, _limits, _reversals);
        }
    }

    private void ApplySettled(Settled settled)
    {
        ApplyPaid(settled);
        var hold = _holds.Find(settled.Hold) ?? throw new InvalidOperationException($"Account {Id} has no open hold {settled.Hold}.");
        _budgets.Hold(hold, -settled.Used, settled.At, Settings.Period);
        _holds.Use(hold, settled.Used, settled.Payment.Credits);
        if (settled.Final)
        {
            CloseHold(settled.Hold, settled, expired: false);
        }

        Remember(settled);
    }

    private void ApplyPaid(PaidOperation paid)
    {
        ApplyPayment(paid.Payment, paid);
        _rollups = _rollups.Own();
        for (var i = 0; i < paid.Lines.Count; i++)
        {
            var line = paid.Lines[i];
            _rollups.Count(line.Key?.Meter ?? line.Usage.Meter, paid.At, line.Usage.Quantity.Nanos, line.Taken.Nanos, lines: 1);

            // What was settled as credits has no price and counts under none.
            if (line.Price.Length > 0)
            {
                _counters.Add(line.Key ?? new PriceKey(paid.Card, line.Usage.Meter, line.Price), paid.PeriodStart, line.Usage.Quantity);
            }
        }

        _budgets.Spend(paid.Lines, paid.At, Settings.Period);
    }

    private void ApplyReversed(Reversed reversed)
    {
        ApplyPayment(reversed.Payment, reversed);
        _rollups = _rollups.Own();
        foreach (var line in reversed.Lines)
        {
            _rollups.Count(line.Meter, reversed.At, -line.Quantity.Nanos, -line.Credits.Nanos, lines: 0);
            if (line.Price.Length > 0)
            {
                _counters.GiveBack(new PriceKey(reversed.Card, line.Meter, line.Price), reversed.PeriodStart, line.Quantity);
            }
        }

        _budgets.GiveBack(reversed, Settings.Period);

        // Of a charge that is forgotten nothing is kept either: it would never be forgotten again.
        if (FindCharge(reversed.Charge)?.Sequence == reversed.ChargedSequence)
        {
            _reversals = _reversals.Own();
            _reversals.Set(reversed.Charge, _reversals.Of(reversed.Charge).With(reversed));
        }

        _lastReversal = reversed.Sequence;
        Remember(reversed);
    }

    private void ApplyPayment(Payment payment, Entry entry)
    {
        for (var i = 0; i < payment.Burns.Count; i++)
        {
            _grants.Burn(Known(payment.Burns[i].Grant), payment.Burns[i].Credits, entry.At);
        }

        if (payment.Refund is { } refund)
        {
            var terms = new GrantTerms { Id = refund.Grant, Amount = refund.Credits, Priority = RefundPriority, Kind = GrantKind.Refund, Meters = MeterPatterns.All };
            _grants.Add(NewGrant(terms, entry));
        }

        Overage += payment.OverageAdded;
    }

    private void ApplyToGrant(Entry entry)
    {
        switch (entry)
        {
            case GrantAdded added:
                if (added.MadeRoom)
                {
                    _grants.ForgetEndedThrough(added.At - _limits.IdWindow);
                }

                var grant = NewGrant(added.Terms, added);
                _grants.Add(grant);
                PayOverage(grant, added.OveragePaid, entry.At);
                break;
            case GrantActivated activated:
                var arriving = Known(activated.Grant);
                _grants.Activate(arriving);
                PayOverage(arriving, activated.OveragePaid, entry.At);
                break;
            case GrantRefilled refilled:
                var recurring = Known(refilled.Grant);
                _grants.Refill(recurring, refilled.Forfeited, refilled.Added);
                PayOverage(recurring, refilled.OveragePaid, entry.At);
                break;
            case GrantExpired expired:
                _grants.End(Known(expired.Grant), GrantStatus.Expired, entry.At);
                break;
            case GrantVoided voided:
                var leaving = Known(voided.Grant);
                _grants.End(leaving, GrantStatus.Voided, entry.At);
                leaving.Void = new VoidRecord(voided.Forfeited, entry.Balance, entry.Available, entry.Sequence);
                break;
            default:
                break;
        }
    }

    private void CloseHold(string id, Entry by, bool expired)
    {
        var hold = _holds.Find(id) ?? throw new InvalidOperationException($"Account {Id} has no open hold {id}.");
        _budgets.Hold(hold, -hold.Left, by.At, Settings.Period);
        _holds.Close(hold, expired, by, _limits);
    }

    private void Remember(Operation operation)
    {
        if (!_isPast)
        {
            _remembered.Add(operation);
            _remembered.Forget(operation.At, _limits, _reversals);
        }
    }

    private static Grant NewGrant(GrantTerms terms, Entry entry)
    {
        var grant = new Grant(GrantTerms.Shared(terms), entry.At, entry.Sequence) { BalanceWhenAdded = entry.Balance, AvailableWhenAdded = entry.Available };
        grant.Status = grant.EffectiveAt <= entry.At ? GrantStatus.Active : GrantStatus.Pending;
        return grant;
    }

    private void PayOverage(Grant grant, Credits paid, DateTimeOffset at)
    {
        if (!paid.IsZero)
        {
            _grants.Burn(grant, paid, at);
            Overage -= paid;
        }
    }

    private Grant Known(string id) =>
        _grants.Find(id) ?? throw new InvalidOperationException($"Account {Id} has no grant {id}.");

    private static ChargeLine[] UsageOf(PaidOperation paid)
    {
        var usage = new ChargeLine[paid.Lines.Count];
        for (var i = 0; i < usage.Length; i++)
        {
            usage[i] = paid.Lines[i].Usage;
        }

        return usage;
    }
}
