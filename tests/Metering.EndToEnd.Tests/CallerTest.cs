namespace Metering.EndToEnd.Tests;

/// <summary>A test in which many callers charge a handful of accounts of every mode, by the sample card, and keep their own records.</summary>
public abstract class CallerTest : StandaloneTest
{
    private readonly List<ChargeRecord> _records = [];

    /// <summary>The first is the hot one: it gets half of all charges beside its share of the rest.</summary>
    private protected IReadOnlyList<CallerAccount> Accounts { get; } =
    [
        new("hot", "enforce", CallerAccount.Tokens, maxQuantity: 100, grant: 1_000m),
        new("plain", "enforce", CallerAccount.Tokens, maxQuantity: 5_000, grant: 1_000m),
        new("scarce", "enforce", CallerAccount.Tokens, maxQuantity: 5_000, grant: 5m),
        new("partial", "upTo", CallerAccount.Tokens, maxQuantity: 5_000, grant: 5m),
        new("recorded", "record", CallerAccount.Tokens, maxQuantity: 5_000, grant: 0.000000001m),
        new("calls", "enforce", CallerAccount.Calls, maxQuantity: 400_000, grant: 100_000m),
    ];

    /// <summary>Everything sent so far, by all callers.</summary>
    private protected IReadOnlyList<ChargeRecord> AllRecords => _records;

    private protected async Task CreateAccountsAsync(MeteringApi api)
    {
        foreach (var account in Accounts)
        {
            await account.CreateAsync(api, Cancellation);
        }
    }

    private protected async Task TopUpAsync(MeteringApi api, string grant)
    {
        foreach (var account in Accounts)
        {
            await account.TopUpAsync(api, grant, Cancellation);
        }
    }

    /// <summary>Runs the callers until something has been done to the server in their midst and none of them is answered any more.</summary>
    /// <param name="callers">Who calls.</param>
    /// <param name="api">The server.</param>
    /// <param name="moment">When to do it.</param>
    /// <param name="blow">What is done.</param>
    private protected async Task CallUntilAsync(Callers callers, MeteringApi api, Task moment, Func<Task> blow)
    {
        var calling = callers.RunAsync(api, Cancellation);
        if (await Task.WhenAny(calling, moment) == calling)
        {
            await calling;
            Assert.Fail($"All callers stopped before their time: {string.Join("; ", callers.Unavailable.Take(5))}");
        }

        await blow();
        await calling;
        _records.AddRange(callers.Records);
    }

    /// <summary>Everything is there exactly once: reads back, checks, sends all again, and checks again.</summary>
    private protected async Task<Findings> SettleAsync(MeteringApi api, IReadOnlyList<ChargeRecord> records)
    {
        var settlement = new Settlement(api, Cancellation);
        var findings = await settlement.ReadBackAsync(records);
        Assert.True(findings.Missing.Count == 0, $"Acknowledged and gone: {string.Join("; ", findings.Missing.Take(5))} ({findings.Missing.Count} in all)");
        await settlement.CheckAccountsAsync(Accounts, AllRecords);
        await settlement.RetryAsync(records);
        await settlement.CheckAccountsAsync(Accounts, AllRecords);
        return findings;
    }
}
