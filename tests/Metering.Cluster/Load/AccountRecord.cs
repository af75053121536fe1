namespace Metering.Cluster.Load;

/// <summary>An account as its callers know it: how it began, everything they asked of it, and what they were told.</summary>
internal sealed class AccountRecord(AccountKind kind, string name)
{
    private const int ReadPercent = 10;
    private static readonly string[] Teams = ["red", "green", "blue"];

    private readonly List<Operation> _operations = [];
    private readonly List<Reading> _readings = [];
    private readonly List<HoldOperation> _openHolds = [];
    private readonly List<ChargeOperation> _reversible = [];
    private readonly Lock _gate = new();
    private int _nextId;

    public string Name => name;

    public AccountKind Kind => kind;

    /// <summary>The account before any caller used it.</summary>
    public Reading Start { get; private set; } = null!;

    /// <summary>When its recurring grant refills while the callers are at work; no end of it for accounts that have none.</summary>
    public DateTimeOffset RefillsAt { get; private set; } = DateTimeOffset.MaxValue;

    public IReadOnlyList<Operation> Operations
    {
        get
        {
            lock (_gate)
            {
                return [.. _operations];
            }
        }
    }

    public IReadOnlyList<Reading> Readings
    {
        get
        {
            lock (_gate)
            {
                return [.. _readings];
            }
        }
    }

    /// <summary>Makes the account, its grants and its budget.</summary>
    /// <param name="send">Sends until it is answered.</param>
    /// <param name="refillIn">When a recurring grant is to refill next.</param>
    public async Task CreateAsync(Func<HttpMethod, string, object?, Task<Answer>> send, TimeSpan refillIn)
    {
        var address = $"/v1/accounts/{name}";

        // A year: no counter must begin anew while the test runs.
        var period = new { every = "year", anchor = "2026-01-01T00:00:00Z" };
        Require(await send(HttpMethod.Put, address, new { period, creditLimit = kind.CreditLimit.Text() }));
        if (kind.Grant > 0m)
        {
            Require(await send(HttpMethod.Post, $"{address}/grants", new { id = "start", amount = kind.Grant.Text() }));
        }

        if (kind.Refill > 0m)
        {
            RefillsAt = DateTimeOffset.UtcNow + refillIn;
            var recurrence = new { every = "hour", anchor = RefillsAt };
            Require(await send(HttpMethod.Post, $"{address}/grants", new { id = "plan", amount = kind.Refill.Text(), recurrence, rollover = new { maximum = "1000000" } }));
        }

        if (kind.TeamBudget > 0m)
        {
            var scope = new { dimensions = new { team = "*" } };
            Require(await send(HttpMethod.Put, $"{address}/budgets/teams", new { scope, window = "total", limit = kind.TeamBudget.Text(), thresholds = new[] { 50, 100 }, action = "block" }));
        }

        Start = Reading.From(Require(await send(HttpMethod.Get, address, null)).Body, TimeSpan.Zero, TimeSpan.Zero);
    }

    /// <summary>How often its recurring grant has refilled by an instant, since the start.</summary>
    public int RefillsBy(DateTimeOffset instant) => instant < RefillsAt ? 0 : 1 + (int)((instant - RefillsAt).Ticks / TimeSpan.TicksPerHour);

    /// <summary>What a caller asks next; null for a reading.</summary>
    public Operation? Next(Random chance)
    {
        var draw = chance.Next(100);
        if (draw < ReadPercent)
        {
            return null;
        }

        draw = chance.Next(100);
        return Note(
            draw < kind.TopUpPercent ? new GrantOperation(this, NewId("g"), kind.TopUp)
            : draw < kind.TopUpPercent + kind.ReversalPercent && Take(_reversible, chance) is { } charge ? new ReversalOperation(charge, NewId("r"))
            : draw < kind.TopUpPercent + kind.ReversalPercent + kind.HoldPercent ? NextOfHolds(chance)
            : NewCharge(chance));
    }

    public ChargeOperation NextCharge(Random chance) => (ChargeOperation)Note(NewCharge(chance));

    /// <summary>Writes down what is about to be asked.</summary>
    public Operation Note(Operation operation)
    {
        lock (_gate)
        {
            _operations.Add(operation);
        }

        return operation;
    }

    /// <summary>What an answer makes possible: a hold can be settled, a charge reversed.</summary>
    public void Learn(Operation operation)
    {
        if (operation.Fate != Fate.Done)
        {
            return;
        }

        lock (_gate)
        {
            switch (operation)
            {
                case HoldOperation { IsToExpire: false } hold:
                    _openHolds.Add(hold);
                    break;
                case ChargeOperation charge when kind.ReversalPercent > 0:
                    _reversible.Add(charge);
                    break;
                case SettleOperation { IsFinal: false } settle:
                    _openHolds.Add(settle.Hold);
                    break;
                default:
                    break;
            }
        }
    }

    public void Add(Reading reading)
    {
        lock (_gate)
        {
            _readings.Add(reading);
        }
    }

    private Operation NextOfHolds(Random chance)
    {
        var draw = chance.Next(100);
        if (draw < 20)
        {
            return new HoldOperation(this, NewId("x"), quantity: 0, isToExpire: true);
        }

        if (draw < 60 && Take(_openHolds, chance) is { } hold)
        {
            return draw < 30
                ? new ReleaseOperation(hold, NewId("l"))
                : new SettleOperation(hold, NewId("s"), hold.TakeQuantity(chance), isFinal: draw < 45);
        }

        return new HoldOperation(this, NewId("h"), chance.Next(4, kind.MaxQuantity), isToExpire: false);
    }

    private ChargeOperation NewCharge(Random chance) =>
        new(this, NewId("c"), chance.Next(1, kind.MaxQuantity + 1), kind.TeamBudget > 0m ? Teams[chance.Next(Teams.Length)] : null);

    private string NewId(string prefix) => $"{prefix}{Interlocked.Increment(ref _nextId)}";

    private T? Take<T>(List<T> from, Random chance)
        where T : class
    {
        lock (_gate)
        {
            if (from.Count == 0)
            {
                return null;
            }

            var at = chance.Next(from.Count);
            var taken = from[at];
            from[at] = from[^1];
            from.RemoveAt(from.Count - 1);
            return taken;
        }
    }

    private Answer Require(Answer answer) => answer.IsSuccess ? answer : throw new InvalidOperationException($"{name} could not be made: {answer}");
}
