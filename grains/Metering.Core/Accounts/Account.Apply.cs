using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Pricing;

namespace Metering.Core.Accounts;

public sealed partial class Account
{
    /// <summary>Priority of grants that return credits: what other grants have by default.</summary>
    private const int RefundPriority = 100;

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
            case SettingsChanged changed:
                CreatedAt = _settings is null ? entry.At : CreatedAt;
                _settings = changed.Settings;
                break;
            case GrantAdded added:
                ApplyAdded(added);
                break;
            case GrantActivated activated:
                var arriving = Known(activated.Grant);
                _grants.Activate(arriving);
                PayOverage(arriving, activated.OveragePaid, entry.At);
                break;
            case GrantExpired expired:
                _grants.End(Known(expired.Grant), GrantStatus.Expired, entry.At);
                break;
            case GrantVoided voided:
                var grant = Known(voided.Grant);
                _grants.End(grant, GrantStatus.Voided, entry.At);
                grant.Void = new VoidRecord(voided.Forfeited, entry.Balance, entry.Available, entry.Sequence);
                break;
            default:
                throw new InvalidOperationException($"Entries of kind {entry.Kind} cannot be applied.");
        }

        Sequence = entry.Sequence;
        _lastAt = entry.At;
    }

    private void ApplyCharged(Charged charged)
    {
        foreach (var burn in charged.Burns)
        {
            _grants.Burn(Known(burn.Grant), burn.Credits, charged.At);
        }

        if (charged.Refund is { } refund)
        {
            var terms = new GrantTerms { Id = refund.Grant, Amount = refund.Credits, Priority = RefundPriority, Kind = GrantKind.Refund, Meters = MeterPatterns.All };
            _grants.Add(NewGrant(terms, charged));
        }

        Overage += charged.OverageAdded;
        foreach (var line in charged.Lines)
        {
            _counters.Add(new PriceKey(charged.Card, line.Usage.Meter, line.Price), charged.PeriodStart, line.Usage.Quantity);
        }

        _remembered.Add(charged.Id, charged.Encoded);
        _remembered.Forget(charged.At, _limits);
    }

    private void ApplyAdded(GrantAdded added)
    {
        if (added.MadeRoom)
        {
            _grants.ForgetEndedThrough(added.At - _limits.IdWindow);
        }

        var grant = NewGrant(added.Terms, added);
        _grants.Add(grant);
        PayOverage(grant, added.OveragePaid, added.At);
    }

    private static Grant NewGrant(GrantTerms terms, Entry entry)
    {
        var grant = new Grant(terms, entry.At, entry.Sequence) { BalanceWhenAdded = entry.Balance, AvailableWhenAdded = entry.Available };
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
}
