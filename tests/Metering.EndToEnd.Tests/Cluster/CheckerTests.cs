using System.Globalization;
using System.Text.Json;
using Metering.Cluster.Checking;
using Metering.Cluster.Load;

namespace Metering.EndToEnd.Tests.Cluster;

/// <summary>The checker of the fault tests must itself be able to fail: each kind of wrong history is planted once.</summary>
public sealed class CheckerTests
{
    private decimal _balance;
    private decimal _held;
    private long _sequence;
    private double _now;

    [Fact]
    public async Task A_history_as_it_should_be_has_no_fault()
    {
        var account = await OpenAsync("ample");
        Charge(account, 100);
        Read(account);
        Charge(account, 50);

        Assert.Empty(Check(account).Faults);
    }

    [Fact]
    public async Task An_entry_that_nobody_asked_for_is_found()
    {
        var account = await OpenAsync("ample");
        Charge(account, 100);
        Move(-0.006m);
        Charge(account, 50);

        var model = Check(account);
        Assert.Equal(1, model.Doubled);
        Assert.Contains(model.Faults, fault => fault.Contains("nobody asked for entry 4", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_number_given_twice_is_found()
    {
        var account = await OpenAsync("ample");
        Charge(account, 100);
        _sequence--;
        Charge(account, 100);

        Assert.Equal(1, Check(account).Doubled);
    }

    [Fact]
    public async Task An_acknowledged_entry_that_is_gone_is_found()
    {
        var account = await OpenAsync("ample");
        Charge(account, 100);
        var (balance, sequence) = (_balance, _sequence);
        Charge(account, 100);
        (_balance, _sequence) = (balance, sequence);

        Assert.NotEmpty(Check(account).Faults);
    }

    [Fact]
    public async Task A_wrong_price_is_found()
    {
        var account = await OpenAsync("ample");
        Charge(account, 100, credits: 0.007m);

        Assert.Contains(Check(account).Faults, fault => fault.Contains("costs", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_balance_that_does_not_follow_from_the_one_before_is_found()
    {
        var account = await OpenAsync("ample");
        Charge(account, 100);
        _balance += 1m;
        Charge(account, 100);

        Assert.Contains(Check(account).Faults, fault => fault.Contains("balance", StringComparison.Ordinal));
    }

    [Fact]
    public async Task More_used_than_there_is_is_found()
    {
        var account = await OpenAsync("scarce");
        Charge(account, 60_000);

        Assert.Contains(Check(account).Faults, fault => fault.Contains("more were used than there are", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_budget_that_was_exceeded_is_found()
    {
        var account = await OpenAsync("budgeted");
        Charge(account, 70_000, team: "red");

        Assert.Contains(Check(account).Faults, fault => fault.Contains("team red has spent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reading_of_the_past_is_found()
    {
        var account = await OpenAsync("ample");
        var (balance, sequence) = (_balance, _sequence);
        Charge(account, 100);
        var now = (_balance, _sequence);
        (_balance, _sequence) = (balance, sequence);
        Read(account);
        (_balance, _sequence) = now;

        Assert.Contains(Check(account).Faults, fault => fault.Contains("had been told before it was sent", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_expired_hold_and_a_refill_are_entries_of_the_account_itself()
    {
        var held = await OpenAsync("held");
        var hold = new HoldOperation(held, "x", quantity: 0, isToExpire: true);
        _held += HoldOperation.ExpiringCredits;
        Hear(Note(held, hold), HoldOperation.ExpiringCredits, ",\"expiresAt\":\"2026-01-01T00:00:02Z\"");
        _sequence++;
        _held -= HoldOperation.ExpiringCredits;
        var model = Check(held);

        Assert.Empty(model.Faults);
        Assert.Equal(1, model.OwnEntries);
    }

    private async Task<AccountRecord> OpenAsync(string kind)
    {
        var account = new AccountRecord(AccountKind.All.Single(known => known.Name == kind), $"test-{kind}");
        _balance = account.Kind.Grant;
        _sequence = 2;
        await account.CreateAsync((_, _, _) => Task.FromResult(new Answer(200, Account())), TimeSpan.Zero);
        return account;
    }

    private void Charge(AccountRecord account, int quantity, decimal? credits = null, string? team = null)
    {
        var charge = new ChargeOperation(account, $"c{_sequence}", quantity, team);
        var taken = credits ?? account.Kind.PriceOf(quantity);
        _balance -= taken;
        Hear(Note(account, charge), taken, "");
    }

    private void Read(AccountRecord account)
    {
        var sentAt = TimeSpan.FromSeconds(++_now);
        account.Add(Reading.From(Account(), sentAt, TimeSpan.FromSeconds(++_now)));
    }

    private void Move(decimal credits)
    {
        _balance += credits;
        _sequence++;
    }

    private AccountModel Check(AccountRecord account) => AccountModel.Of(account, Reading.From(Account(), TimeSpan.Zero, TimeSpan.Zero));

    private T Note<T>(AccountRecord account, T operation)
        where T : Operation
    {
        account.Note(operation);
        operation.FirstSentAt = TimeSpan.FromSeconds(++_now);
        return operation;
    }

    private void Hear(Operation operation, decimal credits, string more)
    {
        _sequence++;
        var available = _balance + operation.Account.Kind.CreditLimit - _held;
        Assert.True(operation.Hear(
            Json($$"""{"credits":"{{Text(credits)}}","balance":"{{Text(_balance)}}","available":"{{Text(available)}}","sequence":{{_sequence}},"replayed":false{{more}}}"""),
            TimeSpan.FromSeconds(++_now),
            mayStillLand: false));
    }

    private JsonElement Account() => Json(
        $$"""{"sequence":{{_sequence}},"balance":"{{Text(_balance)}}","available":"{{Text(_balance - _held)}}","held":"{{Text(_held)}}","budgets":[]}""");

    private static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
