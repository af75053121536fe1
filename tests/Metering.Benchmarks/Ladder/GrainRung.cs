using System.Globalization;
using Metering.Contracts;
using Metering.LoadTest.Run;

namespace Metering.Benchmarks.Ladder;

/// <summary>Account grains called in their own process: a batch is one call for each account in it, all at once, and done when all have answered.</summary>
internal sealed class GrainRung(IGrainFactory grains, int accounts, double zipfExponent, int chargesPerCall)
{
    private const int MaxConcurrentSetups = 64;
    private readonly AccountMix _mix = AccountMix.Zipf(accounts, zipfExponent);
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

    /// <summary>A caller with ids of its own; each call is a batch, and tells how many charges it had.</summary>
    public Func<Task<int>> NewCaller()
    {
        var caller = Interlocked.Increment(ref _callers);
        var random = new Random(caller);
        var sent = 0L;
        return async () =>
        {
            var charges = new Dictionary<int, List<ChargeRequest>>();
            for (var i = 0; i < chargesPerCall; i++)
            {
                var account = _mix.Next(random);
                if (!charges.TryGetValue(account, out var its))
                {
                    charges[account] = its = [];
                }

                its.Add(new ChargeRequest
                {
                    Id = string.Create(CultureInfo.InvariantCulture, $"rung.{caller:D3}.{++sent:D12}"),
                    Lines = [new ChargeLine { Meter = "llm.tokens", Quantity = 1m }],
                });
            }

            var answers = await Task.WhenAll(charges.Select(account => _accounts[account.Key].ChargeMany(account.Value)));
            foreach (var answer in answers.SelectMany(answer => answer))
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
