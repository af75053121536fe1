using Metering.Cluster.Load;

namespace Metering.Cluster.Checking;

/// <summary>
/// An account worked out anew from what its callers were told: every acknowledged operation in the order of the sequences, the price and the
/// balance after each computed here. Sequences in between must be entries that the account makes by itself (a refill, a hold that expired); anything else there is
/// something that nobody asked for.
/// </summary>
internal sealed class AccountModel
{
    private readonly AccountRecord _account;
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, decimal> _spentByTeam = [];
    private readonly Dictionary<HoldOperation, decimal> _leftOfHolds = [];
    private readonly Dictionary<long, (decimal Balance, decimal Held)> _history = [];
    private long _sequence;
    private decimal _balance;
    private decimal _held;
    private decimal _expiring;
    private long _quantity;

    private AccountModel(AccountRecord account)
    {
        _account = account;
        _sequence = account.Start.Sequence;
        _balance = account.Start.Balance;
        _history[_sequence] = (_balance, _held);
    }

    /// <summary>Entries the account made by itself.</summary>
    public int OwnEntries { get; private set; }

    /// <summary>Entries that nobody asked for, and numbers that were given twice.</summary>
    public int Doubled { get; private set; }

    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Works the account out and compares it with a last reading, made when no caller was at work and nothing was left to expire.</summary>
    public static AccountModel Of(AccountRecord account, Reading last)
    {
        var model = new AccountModel(account);
        foreach (var operation in account.Operations.Where(operation => operation.Fate == Fate.Done).OrderBy(operation => operation.Sequence))
        {
            model.FillGapBefore(operation.Sequence, operation);
            model.Take(operation);
        }

        model.FillGapBefore(last.Sequence + 1, null);
        model.Compare(last);
        foreach (var reading in account.Readings)
        {
            model.Compare(reading);
        }

        model.CheckTeams(last);
        model.CheckOrder();
        return model;
    }

    private void FillGapBefore(long sequence, Operation? next)
    {
        if (sequence <= _sequence)
        {
            Doubled++;
            Fault($"the number {sequence} was given before {next}");
        }

        for (; _sequence + 1 < sequence; _sequence++, _history[_sequence] = (_balance, _held))
        {
            if (_account.Kind.Refill > 0m)
            {
                _balance += _account.Kind.Refill;
                OwnEntries++;
            }
            else if (_expiring > 0m)
            {
                _expiring -= HoldOperation.ExpiringCredits;
                _held -= HoldOperation.ExpiringCredits;
                OwnEntries++;
            }
            else
            {
                Doubled++;
                Fault($"nobody asked for entry {_sequence + 1}, before {next?.ToString() ?? "the end"}");
            }
        }
    }

    private void Take(Operation operation)
    {
        switch (operation)
        {
            case ChargeOperation charge:
                TakeCharge(charge);
                break;
            case ReversalOperation reversal:
                Expect(reversal, reversal.Charge.Credits);
                _balance += reversal.Credits;
                break;
            case GrantOperation grant:
                Expect(grant, grant.Amount);
                _balance += grant.Amount;
                break;
            case HoldOperation hold:
                Expect(hold, hold.IsToExpire ? HoldOperation.ExpiringCredits : hold.Credits);
                _held += hold.Credits;
                _expiring += hold.IsToExpire ? hold.Credits : 0m;
                _leftOfHolds[hold] = hold.Credits;
                break;
            case SettleOperation settle:
                Expect(settle, _account.Kind.PriceOf(settle.Quantity));
                TakeFromHold(settle, settle.Hold, settle.Credits, settle.Released, settle.IsFinal);
                _balance -= settle.Credits;
                break;
            case ReleaseOperation release:
                TakeFromHold(release, release.Hold, 0m, release.Released, isFinal: true);
                break;
            default:
                throw new NotSupportedException($"{operation.GetType()} has no model.");
        }

        _sequence = operation.Sequence;
        Require(operation.Balance == _balance, operation, $"balance {_balance} was expected, and {operation.Balance} told");
        var available = _balance + _account.Kind.CreditLimit - _held;
        Require(operation.Available == available, operation, $"available {available} was expected, and {operation.Available} told");
        Require(available >= 0m || _account.Kind.Mode == "record", operation, $"{-available} credits more were used than there are");
        for (var entry = 0; entry < operation.Entries; entry++)
        {
            _history[operation.Sequence + entry] = (_balance, _held);
        }

        _sequence += operation.Entries - 1;
    }

    private void TakeCharge(ChargeOperation charge)
    {
        // The counter stands still while all of the account's usage is reversed and charged at one price; only package prices look at it.
        var price = _account.Kind.PriceOf(_quantity + charge.Quantity) - _account.Kind.PriceOf(_quantity);
        _quantity += charge.Quantity;
        Require(charge.Credits + charge.Uncovered == price, charge, $"it costs {price}, and {charge.Credits} was charged, {charge.Uncovered} left uncovered");
        Require(charge.Uncovered == 0m || _account.Kind.Mode == "upTo", charge, "something was left uncovered");
        _balance -= charge.Credits;
        if (charge.Team is { } team)
        {
            var spent = _spentByTeam.GetValueOrDefault(team) + charge.Credits;
            _spentByTeam[team] = spent;
            Require(spent <= _account.Kind.TeamBudget, charge, $"team {team} has spent {spent} of {_account.Kind.TeamBudget}");
            var half = _account.Kind.TeamBudget / 2m;
            var crossed = (spent >= half && spent - charge.Credits < half ? 1 : 0) + (spent >= _account.Kind.TeamBudget ? 1 : 0);
            Require(charge.Crossed == crossed, charge, $"it crosses {crossed} thresholds, and {charge.Crossed} were told");
        }
    }

    private void TakeFromHold(Operation operation, HoldOperation hold, decimal used, decimal released, bool isFinal)
    {
        if (!_leftOfHolds.TryGetValue(hold, out var left))
        {
            Fault($"{operation} came before its hold");
            return;
        }

        var rest = isFinal ? left - used : 0m;
        Require(released == rest, operation, $"{rest} of the hold is left, and {released} was released");
        _held -= used + released;
        _leftOfHolds[hold] = left - used - released;
    }

    private void Compare(Reading reading)
    {
        if (!_history.TryGetValue(reading.Sequence, out var then))
        {
            Fault($"it was read at {reading.Sequence}, which is beyond its end at {_sequence}");
            return;
        }

        var available = then.Balance + _account.Kind.CreditLimit - then.Held;
        if (reading.Balance != then.Balance || reading.Held != then.Held || reading.Available != available)
        {
            Fault($"at {reading.Sequence} it was read as balance {reading.Balance}, held {reading.Held}, available {reading.Available}; expected {then.Balance}, {then.Held}, {available}");
        }
    }

    private void CheckTeams(Reading last)
    {
        foreach (var (team, spent) in _spentByTeam)
        {
            if (last.SpentByTeam.GetValueOrDefault(team) != spent)
            {
                Fault($"team {team} has spent {spent}, and its budget says {last.SpentByTeam.GetValueOrDefault(team)}");
            }
        }
    }

    /// <summary>Whoever has heard of a sequence before another sends a request must not see that request answered at an earlier one.</summary>
    private void CheckOrder()
    {
        var heard = _account.Operations.Where(operation => operation.Fate == Fate.Done)
            .Select(operation => (operation.FirstSentAt, operation.AnsweredAt, operation.Sequence, What: operation.ToString()))
            .Concat(_account.Readings.Select(reading => (FirstSentAt: reading.SentAt, reading.AnsweredAt, reading.Sequence, What: $"a reading sent {reading.SentAt.TotalSeconds:F3} s")))
            .ToList();
        var latest = 0L;
        var answers = heard.OrderBy(answer => answer.AnsweredAt).GetEnumerator();
        var hasAnswer = answers.MoveNext();
        foreach (var request in heard.OrderBy(request => request.FirstSentAt))
        {
            for (; hasAnswer && answers.Current.AnsweredAt < request.FirstSentAt; hasAnswer = answers.MoveNext())
            {
                latest = Math.Max(latest, answers.Current.Sequence);
            }

            if (request.Sequence < latest)
            {
                Fault($"{request.What} was answered as of {request.Sequence}, when {latest} had been told before it was sent");
            }
        }
    }

    private void Expect(Operation operation, decimal credits) =>
        Require(operation.Credits == credits, operation, $"it moves {credits}, and {operation.Credits} was told");

    private void Require(bool holds, Operation operation, string otherwise)
    {
        if (!holds)
        {
            Fault($"{operation}: {otherwise}");
        }
    }

    private void Fault(string fault) => _faults.Add($"{_account.Name}: {fault}");
}
