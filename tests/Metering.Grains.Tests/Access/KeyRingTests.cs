using Metering.Contracts;
using Metering.Grains.Journal;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Metering.Grains.Tests.Access;

public sealed class KeyRingTests
{
    private const string Stored = "key-ring";

    /// <summary>For those that wait for something to become so.</summary>
    private const int MaxMilliseconds = 180_000;

    [Fact(Timeout = MaxMilliseconds)]
    public async Task What_another_activation_revoked_is_told_by_this_one_too()
    {
        var storage = new StateStorage();
        await using var cluster = await Start(storage);
        var ring = cluster.Client.GetGrain<IKeyRingGrain>(0);
        await ring.Add(Key("shop"), onlyAsFirst: false);
        var known = (await ring.GetAfter(-1))!;
        Assert.Null(await ring.GetAfter(known.Version));

        // No gateway knows of it yet, so none gives this one away.
        var serializer = cluster.GetSiloServiceProvider().GetRequiredService<Serializer<KeyRing>>();
        storage.Write<KeyRingState>(Stored, state => new KeyRingState
        {
            Ring = serializer.SerializeToArray(known with { Version = known.Version + 1, Keys = [.. known.Keys.Select(static key => key with { RevokedAt = DateTimeOffset.UnixEpoch })] }),
        });

        var heard = await Hear(ring, known.Version, TestContext.Current.CancellationToken);
        Assert.Equal((known.Version + 1, DateTimeOffset.UnixEpoch), (heard.Version, heard.Keys.Single().RevokedAt));
    }

    [Fact(Timeout = MaxMilliseconds)]
    public async Task Where_the_store_does_not_answer_the_keys_that_are_known_go_on()
    {
        var storage = new StateStorage();
        await using var cluster = await Start(storage);
        var ring = cluster.Client.GetGrain<IKeyRingGrain>(0);
        await ring.Add(Key("shop"), onlyAsFirst: false);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asks = 0;
        storage.OnRead = name =>
        {
            if (name == Stored && Interlocked.Increment(ref asks) == 3)
            {
                asked.SetResult();
            }

            throw new IOException("The store is away.");
        };

        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);

        Assert.Equal("shop", (await ring.GetAfter(-1))!.Keys.Single().Id);
    }

    [Theory]
    [InlineData(false, false, Code.LastAdminKey)]
    [InlineData(true, false, null)]
    [InlineData(true, true, Code.LastAdminKey)]
    public async Task The_last_admin_key_that_is_good_is_kept(bool hasOther, bool hasOtherExpired, Code? refusal)
    {
        await using var cluster = await Start(new StateStorage());
        var ring = cluster.Client.GetGrain<IKeyRingGrain>(0);
        await ring.Add(Key("last") with { Role = Role.Admin }, onlyAsFirst: false);
        await ring.Add(Key("shop"), onlyAsFirst: false);
        if (hasOther)
        {
            await ring.Add(Key("other") with { Role = Role.Admin, ExpiresAt = hasOtherExpired ? DateTimeOffset.UnixEpoch : null }, onlyAsFirst: false);
        }

        Assert.Equal(refusal, (await ring.RotateUnlessLastAdmin("last", [2], TimeSpan.Zero)).Refusal?.Code);
        Assert.NotNull((await ring.RotateUnlessLastAdmin("last", [3], ApiKey.LeastOverlapOfLastAdmin)).Reply);
        Assert.NotNull((await ring.RevokeUnlessLastAdmin("shop")).Reply);
        Assert.Equal(refusal, (await ring.RevokeUnlessLastAdmin("last")).Refusal?.Code);

        // Where there is another way in, it may go.
        Assert.NotNull((await ring.Revoke("last")).Reply);
        Assert.NotNull((await ring.RevokeUnlessLastAdmin("last")).Reply);
    }

    private static ApiKey Key(string id) => new() { Id = id, Name = id, Role = Role.Charge, Secrets = [new KeySecret([1], ValidUntil: null)] };

    /// <summary>What a gateway hears that asks again and again, as soon as there is something new.</summary>
    private static async Task<KeyRing> Hear(IKeyRingGrain ring, long version, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (await ring.GetAfter(version) is { } heard)
                {
                    return heard;
                }
            }
            catch (OrleansMessageRejectionException)
            {
                // From an activation that leaves; gateways ask again too.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }
    }

    private static async Task<InProcessTestCluster> Start(StateStorage storage)
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(TimeProvider.System);
            silo.Services.AddGrainStorage(AccountStorage.ProviderName, (_, _) => storage);
            silo.Services.Configure<KeyRingOptions>(static options => options.StoreCheckInterval = TimeSpan.FromMilliseconds(20));
        });
        var cluster = builder.Build();
        await cluster.DeployAsync(TestContext.Current.CancellationToken);
        return cluster;
    }
}
