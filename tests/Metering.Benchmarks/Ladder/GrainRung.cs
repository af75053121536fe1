using System.Globalization;
using Metering.Contracts;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Ladder;

/// <summary>Account grains called in their own process: a batch is one call for each account in it, all at once, and done when all have answered.</summary>
internal sealed class GrainRung(IGrainFactory grains, int accounts, double zipfExponent, int chargesPerCall)
{
    private const int MaxConcurrentSetups = 64;
    private readonly AccountMix _mix = AccountMix.Zipf(accounts, zipfExponent);
    private readonly string[] _names = [.. Enumerable.Range(0, accounts).Select(number => $"rung-{number}")];
    private readonly IAccountGrain[] _accounts = [.. Enumerable.Range(0, accounts).Select(number => grains.GetGrain<IAccountGrain>($"rung-{number}"))];
    private int _callers;

    public Task PrepareAsync(CancellationToken cancellationToken) => Parallel.ForEachAsync(
        _accounts,
        new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentSetups, CancellationToken = cancellationToken },
        async (account, _) =>
        {
            Require((await account.Put(new AccountRequest())).Refusal);
            Require((await account.AddGrant(new GrantRequest { Id = "plan", Amount = 1_000_000_000m })).Refusal);
        });

    /// <summary>A caller with ids of its own; each call is a batch, one grain call for each account in it, and tells how many charges it had.</summary>
    public Func<Task<int>> NewCaller()
    {
        var source = new BatchSource(_mix, chargesPerCall, Interlocked.Increment(ref _callers));
        return async () =>
        {
            var calls = source.Next().GroupBy(charge => charge.Account, charge => charge.Charge)
                .Select(account => _accounts[account.Key].ChargeMany([.. account]));
            foreach (var answer in (await Task.WhenAll(calls)).SelectMany(answers => answers))
            {
                Require(answer.Refusal);
            }

            return chargesPerCall;
        };
    }

    /// <summary>The same by way of the silo's router: one call for all accounts of a batch.</summary>
    public Func<Task<int>> NewRouterCaller(IChargeRouter router)
    {
        var source = new BatchSource(_mix, chargesPerCall, Interlocked.Increment(ref _callers));
        return async () =>
        {
            foreach (var answer in await router.Charge([.. source.Next().Select(charge => new RoutedCharge(_names[charge.Account], charge.Charge))]))
            {
                Require(answer.Refusal);
            }

            return chargesPerCall;
        };
    }

    private static void Require(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw new InvalidOperationException($"The account refused: {refusal.Code}: {refusal.Detail}");
        }
    }
}

/// <summary>One caller's batches: the same work on each rung, so that rungs differ by what they call and nothing else.</summary>
internal sealed class BatchSource(AccountMix mix, int chargesPerCall, int caller)
{
    private readonly Random _random = new(caller);
    private readonly ChargeLine[] _lines = [new ChargeLine { Meter = "llm.tokens", Quantity = 1m }];
    private long _sent;

    public (int Account, ChargeRequest Charge)[] Next()
    {
        var charges = new (int, ChargeRequest)[chargesPerCall];
        for (var i = 0; i < charges.Length; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"rung.{caller:D3}.{++_sent:D12}");
            charges[i] = (mix.Next(_random), new ChargeRequest { Id = id, Lines = _lines });
        }

        return charges;
    }
}
