using Metering.Contracts;
using Metering.Grains.Accounts;
using Metering.Grains.Journal;
using Metering.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Storage;

namespace Metering.Silo.Tests;

/// <summary>A host may keep snapshots and rate cards in any storage provider of Orleans, by the name <c>accounts</c>.</summary>
public sealed class CustomStorageTests
{
    [Fact]
    public async Task Accounts_and_rate_cards_live_in_the_storage_that_the_host_plugs_in()
    {
        await using var redis = await TestRedis.StartAsync(new RedisSettings());
        string[] settings =
        [
            $"--Metering:Redis={redis.ConnectionString}", "--Metering:Snapshots=Custom", "--Metering:AdvertisedAddress=127.0.0.1", "--Metering:HealthPort=0", "--Metering:LeadTime=00:00:01",
            $"--Metering:SiloPort={FreePort.Next()}", $"--Metering:ClientPort={FreePort.Next()}", "--Metering:Partitions=4", "--Logging:LogLevel:Default=Error",
        ];
        using var host = SiloProcess.Build(settings, static (silo, _) => silo.AddMemoryGrainStorage(AccountStorage.ProviderName));
        await host.StartAsync(TestContext.Current.CancellationToken);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var acme = grains.GetGrain<IAccountGrain>("acme");
        Assert.NotNull((await acme.Put(new AccountRequest { RateCard = "plain" })).Refusal);
        Assert.NotNull((await grains.GetGrain<IRateCardGrain>("plain").Publish(Plain)).Reply);
        Assert.NotNull((await acme.Put(new AccountRequest { RateCard = "plain" })).Reply);
        Assert.NotNull((await acme.AddGrant(new GrantRequest { Id = "plan", Amount = 100 })).Reply);

        // Asleep, an account is nothing but what is stored.
        await grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero, TestContext.Current.CancellationToken);
        var stored = await Stored(host, acme);
        Assert.True(stored.RecordExists, "The plugged-in storage should have the account's snapshot.");
        Assert.NotEmpty(stored.State!.Bytes);
        Assert.Equal(100, (await acme.Get()).Reply!.Balance);
        Assert.Equal(1, (await grains.GetGrain<IRateCardGrain>("plain").Get(version: null)).Reply!.Version);
        Assert.Equal(["acme"], (await grains.GetGrain<IAccountDirectoryGrain>(0).List("", "", 10)).Accounts);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<GrainState<AccountSnapshot>> Stored(IHost host, IAccountGrain account)
    {
        // The snapshot is written while the activation leaves.
        var storage = host.Services.GetRequiredKeyedService<IGrainStorage>(AccountStorage.ProviderName);
        while (true)
        {
            var state = new GrainState<AccountSnapshot>(new AccountSnapshot());
            await storage.ReadStateAsync(AccountStorage.StateName, account.GetGrainId(), state);
            if (state.RecordExists)
            {
                return state;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static RateCardDraft Plain => new()
    {
        CreditDefinition = "1 credit = 1 call",
        Meters = [new MeterDraft { Meter = "api.calls", Unit = "call", Prices = [new PriceDraft { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 1 }] }],
    };
}
