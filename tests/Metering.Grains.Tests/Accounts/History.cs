using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>A life with everything in it that an account remembers.</summary>
internal static class History
{
    private static readonly Func<IAccountGrain, Task>[] Life =
    [
        account => account.Put(new AccountRequest { DisplayName = "Acme", CreditLimit = 5m, DiscountPercent = 50m, Metadata = new Dictionary<string, string> { ["plan"] = "pro", ["crm"] = "17" } }).Granted(),
        account => account.AddGrant(new GrantRequest { Id = "monthly", Amount = 20m, Recurrence = new Recurrence(PeriodUnit.Month, null), Rollover = new Rollover(0m, 5m) }).Granted(),
        account => account.AddGrant(new GrantRequest { Id = "later", Amount = 7m, EffectiveAt = World.Noon.AddDays(3), ExpiresAt = World.Noon.AddDays(9) }).Granted(),
        account => account.AddGrant(new GrantRequest { Id = "promo", Amount = 3m, Priority = 1, Meters = ["api.*"], Kind = GrantKind.Promotion }).Granted(),
        account => account.AddGrant(Requests.Grant(50m, "mistake")).Granted(),
        account => account.VoidGrant("mistake").Granted(),
        account => account.PutBudget(new BudgetRequest { Id = "team", Window = BudgetWindow.Day, Limit = 10m, Thresholds = [50, 100], Dimensions = new Dictionary<string, string> { ["team"] = "*" } }).Granted(),
        account => account.PutPolicy(new PolicyRequest { BlockedMeters = ["mail.*"], RateLimits = [new RateLimit("api.calls", 1m, 60, 100m)], Shadow = [PolicyRule.BlockedMeters] }).Granted(),
        account => account.Charge(Search("c1", 8m)).Granted(),
        account => account.Charge(Search("c2", 4m)).Granted(),
        account => account.Charge(new ChargeRequest { Id = "n", Lines = Search("n", 2m).Lines, Producer = "edge-1", ProducerSequence = 7 }).Granted(),
        account => account.PlaceHold(Requests.Hold("open", 2m, TimeSpan.FromHours(5))).Granted(),
        account => account.PlaceHold(new HoldRequest { Id = "partly", Meter = "api.calls", Quantity = 6m }).Granted(),
        account => account.Settle(new SettleRequest { Id = "s1", Hold = "partly", Quantity = 2m, Final = false }).Granted(),
        account => account.PlaceHold(Requests.Hold("released", 1m)).Granted(),
        account => account.Release(new ReleaseRequest("r1", "released")).Granted(),
        account => account.Reverse(new ReversalRequest { Id = "back", Charge = "c1", Quantity = 2m }).Granted(),
        account => account.Charge(Requests.Calls("beyond", 90m, ChargeMode.Record)).Granted(),
        account => account.Charge(Requests.Calls("too-much", 90m)).Refused(Code.RateLimited),
    ];

    internal static int Steps => Life.Length;

    /// <summary>Lives through it on an account that does not exist yet.</summary>
    internal static async Task LiveAsync(AccountCluster cluster, string account, int? checkpointAfter = null)
    {
        for (var step = 0; step < Life.Length; step++)
        {
            if (step == checkpointAfter && step > 0)
            {
                await cluster.Checkpointed(account).Checkpoint();
            }

            await Life[step](cluster.Account(account));
        }
    }

    internal static async Task RetriesAreAnsweredAlikeAsync(AccountCluster cluster, string id)
    {
        var account = cluster.Account(id);
        Assert.True((await account.Charge(Search("c1", 8m)).Granted()).Replayed);
        Assert.True((await account.PlaceHold(Requests.Hold("open", 2m, TimeSpan.FromHours(5))).Granted()).Replayed);
        Assert.True((await account.Settle(new SettleRequest { Id = "s1", Hold = "partly", Quantity = 2m, Final = false }).Granted()).Replayed);
        Assert.True((await account.Release(new ReleaseRequest("r1", "released")).Granted()).Replayed);
        Assert.True((await account.Reverse(new ReversalRequest { Id = "back", Charge = "c1", Quantity = 2m }).Granted()).Replayed);
        Assert.True((await account.AddGrant(Requests.Grant(50m, "mistake")).Granted()).Replayed);
        Assert.True((await account.Charge(new ChargeRequest { Id = "n", Lines = Search("n", 2m).Lines, Producer = "edge-1", ProducerSequence = 7 }).Granted()).Replayed);
        await account.Charge(Search("c1", 9m)).Refused(Code.IdReused);
        await account.Settle(new SettleRequest { Id = "s2", Hold = "released", Credits = 1m }).Refused(Code.HoldClosed);
        await account.Reverse(new ReversalRequest { Id = "back-2", Charge = "c1", Quantity = 6.1m }).Refused(Code.ExceedsCharge);
    }

    private static ChargeRequest Search(string id, decimal calls) => new()
    {
        Id = id,
        Lines = [new ChargeLine { Meter = "api.calls", Quantity = calls, Dimensions = new Dictionary<string, string> { ["team"] = "search" } }],
    };
}
