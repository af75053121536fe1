using System.Globalization;
using Metering.Core.Accounts;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Policies;
using Metering.Core.Pricing;
using Metering.Core.Tests.Accounts;

namespace Metering.Core.Tests.Reference;

/// <summary>The product's account and the reference, given the same commands at the same instants; every answer and every number must agree.</summary>
internal sealed class Duel
{
    internal static readonly AccountLimits Limits = new()
    {
        MaxIds = ReferenceAccount.MaxIds,
        MaxOpenHolds = ReferenceAccount.MaxHolds,
        MaxGrants = ReferenceAccount.MaxGrants,
        MaxProducers = ReferenceAccount.MaxProducers,
    };

    private readonly Scene _scene = new(Limits, card: ReferencePrices.Card);
    private readonly ReferenceAccount _reference = new();
    private readonly List<Func<FormattableString>> _done = [];

    private readonly List<Action> _calls = [];
    private readonly List<(string Id, decimal Quantity)> _made = [];

    internal Duel()
    {
        _scene.Clock = new DateTimeOffset(2026, 3, 31, 20, 0, 0, TimeSpan.Zero);
        _reference.Set(0m, 0m, Period.Default.Every, Period.Default.Anchor, Scene.Start);
        _scene.Begin();
    }

    internal DateTimeOffset Clock => _scene.Clock;

    internal Scene Scene => _scene;

    internal void Move(TimeSpan by)
    {
        _scene.Clock += by;
        var clock = _scene.Clock;
        Note(() => $"clock {clock:O}");
        Pass();
        Compare();
    }

    /// <summary>A caller that did not hear the answer sends the same once more.</summary>
    internal void Retry(int back)
    {
        if (_calls.Count > back)
        {
            Note(() => $"again:");
            _calls[^(back + 1)]();
        }
    }

    /// <summary>Gives a charge that was made lately back, or a part of its quantity: the same part twice or more is the whole or beyond it.</summary>
    internal void ReverseLately(string id, int back, decimal part)
    {
        if (_made.Count > back)
        {
            var (charge, quantity) = _made[^(back + 1)];
            var asked = decimal.Round(quantity * part, Credits.Decimals);
            Reverse(id, charge, asked == 0m ? null : asked.ToString(CultureInfo.InvariantCulture));
        }
    }

    internal void Restart()
    {
        Note(() => $"restart");
        _scene.Restart();
        Compare();
    }

    internal void Set(string creditLimit, string discount, Period period)
    {
        Note(() => $"set {creditLimit} {discount} {period.Every} {period.Anchor:O}");
        var now = Pass();
        if (!_reference.IsClosed)
        {
            _scene.Set(creditLimit, discount, period);
        }

        _reference.Set(Scene.Of(creditLimit).Value, Scene.Of(discount).Value, period.Every, period.Anchor, now);
        Compare();
    }

    internal void Grant(GrantTerms terms)
    {
        _calls.Add(() => Grant(terms));
        Note(() => $"grant {terms}");
        var now = Pass();
        Agree(_reference.Grant(terms, now).ToString(), _scene.Grant(terms).Outcome.ToString());
    }

    internal void Void(string id)
    {
        _calls.Add(() => Void(id));
        Note(() => $"void {id}");
        var now = Pass();
        Agree(_reference.Void(id, now).ToString(), _scene.Void(id).Outcome.ToString());
    }

    internal void Charge(Charge charge)
    {
        _calls.Add(() => Charge(charge));
        Note(() => $"charge {charge.Id} {charge.Mode} {charge.Time:O} {string.Join("; ", charge.Lines.Select(Told))}");
        var now = Pass();
        var before = Scene.Bytes(_scene.Account);
        var quote = _scene.Quote(charge);
        if (!before.AsSpan().SequenceEqual(Scene.Bytes(_scene.Account)))
        {
            Assert.Fail($"A quote changed the account.\n{Transcript}");
        }

        var expected = _reference.Charge(charge, now);
        var actual = _scene.Charge(charge);
        if (actual.Outcome == Outcome.Done)
        {
            _made.Add((charge.Id, charge.Lines[0].Quantity.Value));
        }

        Agree(Told(expected), Told(actual.Outcome, actual.Charged, actual.Replayed, Credits.Zero));
        if (!actual.Replayed && actual.Charged is { } charged)
        {
            Agree(Told(Outcome.Done, charged, replayed: false, Credits.Zero), Told(quote.Outcome, quote.Charged, replayed: false, Credits.Zero));
        }
    }

    internal void Hold(PlaceHold hold)
    {
        _calls.Add(() => Hold(hold));
        Note(() => $"hold {hold.Id} {hold.Mode} {hold.TimeToLive} {hold.Credits} {(hold.Usage is null ? "" : Told(hold.Usage))}");
        var now = Pass();
        var expected = _reference.Hold(hold, now);
        var actual = _scene.Hold(hold);
        Agree(Told(expected), Told(new ReferenceAnswer(actual.Outcome, actual.Held?.Credits.Value ?? 0m) { Replayed = actual.Replayed }));
    }

    internal void Settle(Settle settle)
    {
        _calls.Add(() => Settle(settle));
        Note(() => $"{settle}");
        var now = Pass();
        var expected = _reference.Settle(settle, now);
        var actual = _scene.Settle(settle);
        Agree(Told(expected), Told(actual.Outcome, actual.Settled, actual.Replayed, actual.Settled?.Released ?? Credits.Zero));
    }

    internal void Release(string id, string hold)
    {
        _calls.Add(() => Release(id, hold));
        Note(() => $"release {id} {hold}");
        var now = Pass();
        var expected = _reference.Release(id, hold, now);
        var actual = _scene.Release(id, hold);
        Agree(Told(expected), Told(new ReferenceAnswer(actual.Outcome, Released: actual.Released?.Released.Value ?? 0m) { Replayed = actual.Replayed }));
    }

    internal void Reverse(string id, string charge, string? quantity)
    {
        _calls.Add(() => Reverse(id, charge, quantity));
        Note(() => $"reverse {id} {charge} {quantity}");
        var now = Pass();
        var expected = _reference.Reverse(new Reverse(id, charge, quantity is null ? null : Quantity.From(Scene.Of(quantity).Value)), now);
        var actual = _scene.Reverse(id, charge, quantity);
        var payment = actual.Reversed?.Payment;
        Agree(Told(expected), Told(new ReferenceAnswer(actual.Outcome, -(payment?.Credits.Value ?? 0m)) { Replayed = actual.Replayed, Burned = Told(payment) }));
    }

    internal void Put(BudgetTerms terms)
    {
        Note(() => $"budget {terms} {string.Join(",", terms.Dimensions)} {string.Join(",", terms.Thresholds)} {string.Join(",", terms.Meters.Patterns)}");
        var now = Pass();
        Agree(_reference.Put(terms, now).ToString(), _scene.Put(terms).Outcome.ToString());
    }

    internal void RemoveBudget(string id)
    {
        Note(() => $"remove budget {id}");
        var now = Pass();
        Agree(_reference.RemoveBudget(id, now).ToString(), _scene.RemoveBudget(id).Outcome.ToString());
    }

    internal void Put(PolicyTerms terms)
    {
        Note(() => $"policy {terms} allowed {string.Join(",", terms.Allowed.Patterns)} shadow {string.Join(",", terms.Shadow)} {string.Join(",", terms.RateLimits)}");
        var now = Pass();
        Agree(_reference.Put(terms, now).ToString(), _scene.Put(terms).Outcome.ToString());
    }

    internal void Close()
    {
        Note(() => $"close");
        var now = Pass();
        Agree(_reference.Close(now).ToString(), _scene.Close().Outcome.ToString());
    }

    /// <summary>What was done, and what came of it.</summary>
    private string Transcript => string.Join('\n', _done.Select(line => line().ToString(CultureInfo.InvariantCulture)));

    private DateTimeOffset Pass()
    {
        var now = _scene.Begin();
        Assert.Equal(_reference.Now(_scene.Clock), now);
        _reference.Pass(now);
        return now;
    }

    private void Agree(string expected, string actual)
    {
        Note(() => $"  -> {expected}");
        if (expected != actual)
        {
            Assert.Fail($"The reference answers {expected}\n    the account answers {actual}\n{Transcript}");
        }

        Compare();
    }

    private void Compare()
    {
        var (expected, actual) = (State.Of(_reference, Pass()), State.Of(_scene.Account, _scene.Account.Now(_scene.Clock)));
        if (expected != actual)
        {
            Assert.Fail($"Reference:\n{expected}\nAccount:\n{actual}\n{Transcript}");
        }
    }

    private void Note(Func<FormattableString> line) => _done.Add(line);

    private static string Told(ChargeLine line) => $"{line.Meter} {line.Quantity} {string.Join(",", line.Dimensions.Select(dimension => $"{dimension.Name}={dimension.Value}"))}";

    private static string Told(Outcome outcome, PaidOperation? paid, bool replayed, Credits released) => Told(paid is null
        ? new ReferenceAnswer(outcome)
        : new ReferenceAnswer(outcome, paid.Credits.Value, paid.Uncovered.Value, released.Value)
        {
            Replayed = replayed,
            Violations = string.Join(",", paid.Violations),
            Crossed = string.Join(" ", paid.Crossed.Select(crossing => $"{crossing.Budget}:{crossing.Threshold}").Order(StringComparer.Ordinal)),
            Burned = Told(paid.Payment),
        });

    private static string Told(ReferenceAnswer answer) => string.Create(
        CultureInfo.InvariantCulture,
        $"{answer.Outcome}{(answer.Replayed ? " again" : "")} {answer.Credits:0.#########} uncovered {answer.Uncovered:0.#########} released {answer.Released:0.#########} passed [{answer.Violations}] crossed [{answer.Crossed}] from [{answer.Burned}]");

    private static string Told(Payment? payment)
    {
        var parts = payment?.Burns.Select(burn => (burn.Grant, burn.Credits)).ToList() ?? [];
        if (payment?.OverageAdded is { IsZero: false } overage)
        {
            parts.Add((ReferencePayment.Overage, overage));
        }

        if (payment?.Refund is { } refund)
        {
            parts.Add((ReferencePayment.Refund, -refund.Credits));
        }

        return string.Join(" ", parts.OrderBy(part => part.Grant, StringComparer.Ordinal).Select(part => $"{part.Grant}:{part.Credits}"));
    }
}
