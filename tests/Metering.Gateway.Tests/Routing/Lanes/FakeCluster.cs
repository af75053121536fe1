using System.Collections.Concurrent;
using System.Net;
using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Routing.Lanes;
using Metering.Gateway.Tests.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Gateway.Tests.Routing.Lanes;

/// <summary>Lanes to silos that a test makes up.</summary>
internal sealed class FakeCluster
{
    public const int Partitions = 64;

    private readonly ConcurrentDictionary<SiloAddress, FakeRouter> _routers = new();
    private long _version;

    public FakeCluster(int silos = 2, TimeSpan? siloTimeout = null)
    {
        Options = new GatewayOptions { SiloTimeout = siloTimeout ?? TimeSpan.FromSeconds(10), RequestTimeout = TimeSpan.FromSeconds(30), MaxConcurrentRetries = 100 };
        Lanes = new ChargeLanes(At, new FailureLog(Time, NullLogger<GrainRouter>.Instance), Microsoft.Extensions.Options.Options.Create(Options), Time);
        for (var number = 1; number <= silos; number++)
        {
            Add(number);
        }

        Tell();
    }

    public GatewayOptions Options { get; }

    public SteppedClock Time { get; } = new();

    public ChargeLanes Lanes { get; }

    /// <summary>What is behind the ordinary calls.</summary>
    public FakeGrains Grains { get; } = new();

    /// <summary>A gateway's way to these silos and grains.</summary>
    public GrainCharges Charges()
    {
        var (accounts, silos, options) = (new AccountGrains(Grains), new FakeSilos(Lanes), Microsoft.Extensions.Options.Options.Create(Options));
        var (budget, failures) = (new RetryBudget(options), new FailureLog(Time, NullLogger<GrainRouter>.Instance));
        return new GrainCharges(new GrainCalls(accounts, silos, budget, failures, options, Time), accounts, silos, budget, failures, Time);
    }

    public ChargeBatch Batches() => new(Charges(), new ChargesInWork(Microsoft.Extensions.Options.Options.Create(Options)), Microsoft.Extensions.Options.Options.Create(Options));

    public List<FakeSilo> Silos { get; } = [];

    public Deadline Deadline => new(Time, Options.RequestTimeout);

    public FakeSilo Add(int number)
    {
        var silo = new FakeSilo(Address(number, port: 11_111), Address(number, port: 30_000));
        _routers[silo.Address] = silo.Roundabout;
        _routers[silo.Gateway] = silo.Straight;
        Silos.Add(silo);
        return silo;
    }

    /// <summary>The gateway hears of the silos there are.</summary>
    public void Tell() => Lanes.Update([.. Views()]);

    public IEnumerable<ClusterView> Views()
    {
        _version++;
        return Silos.Select(silo => new ClusterView
        {
            Silo = silo.Address,
            Gateway = silo.Gateway,
            Version = _version,
            Active = [.. Silos.Select(static each => each.Address)],
            Partitions = Partitions,
        }).ToList();
    }

    public FakeSilo OwnerOf(string account)
    {
        var owner = PartitionOwner.Of(AccountPartition.Of(account, Partitions), Silos.Select(static silo => silo.Address));
        return Silos.Single(silo => silo.Address.Equals(owner));
    }

    /// <summary>Accounts of one silo that share a lane: they are of one partition.</summary>
    public string[] Neighbours(FakeSilo silo, int count)
    {
        var partition = Enumerable.Range(0, Partitions).First(number => silo.Address.Equals(PartitionOwner.Of(number, Silos.Select(static each => each.Address))));
        return [.. Names().Where(account => AccountPartition.Of(account, Partitions) == partition).Take(count)];
    }

    /// <summary>An account that a silo owns.</summary>
    public string AccountOf(FakeSilo silo) => Names().First(account => OwnerOf(account) == silo);

    public async Task<Answer<ChargeReply>[]> Charge(params IEnumerable<RoutedCharge> charges) => (await Lanes.Charge([.. charges], Deadline))!.Answers;

    public static RoutedCharge Charge(string account, string id) =>
        new(account, new ChargeRequest { Id = id, Lines = [new ChargeLine { Meter = "m", Quantity = 1m }] });

    private static IEnumerable<string> Names() => Enumerable.Range(0, 100_000).Select(static number => $"account-{number}");

    private static SiloAddress Address(int number, int port) => SiloAddress.New(new IPAddress([10, 0, 0, (byte)number]), port, 0);

    private FakeRouter At(SiloAddress address) => _routers[address];
}

/// <summary>Silos that are found, with lanes to them.</summary>
internal sealed class FakeSilos(ChargeLanes lanes) : ISilos
{
    public string? WhyNotFound => null;

    public IChargeRouter? Charges => null;

    public ChargeLanes? Lanes => lanes;

    public bool AreElsewhere => true;

    public Task Probe() => Task.CompletedTask;
}

/// <summary>Goes on by itself, and by as much more as a test says; what was to happen by then happens when it would have.</summary>
internal sealed class SteppedClock : TimeProvider
{
    private long _ahead;

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ahead, (long)(time.TotalSeconds * TimestampFrequency));

    public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _ahead);
}

/// <param name="Address">Its own.</param>
/// <param name="Gateway">For clients.</param>
internal sealed record FakeSilo(SiloAddress Address, SiloAddress Gateway)
{
    /// <summary>What comes over the gateway's own connection.</summary>
    public FakeRouter Straight { get; } = new();

    /// <summary>What comes through another silo.</summary>
    public FakeRouter Roundabout { get; } = new();
}

/// <summary>A silo's router that keeps what it was sent and answers what a test set; otherwise that all were charged.</summary>
internal sealed class FakeRouter : IChargeRouterService
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConcurrentQueue<RoutedCharge[]> Messages { get; } = new();

    public Func<RoutedCharge[], Task<Answer<ChargeReply>[]>> OnCharge { get; set; } = static charges => Task.FromResult(All(charges));

    /// <summary>Completes with its first message.</summary>
    public Task Reached => _reached.Task;

    public IEnumerable<string> Ids => Messages.SelectMany(static message => message).Select(static routed => routed.Charge.Id);

    public static Answer<ChargeReply>[] All(RoutedCharge[] charges) =>
        [.. charges.Select(static routed => (Answer<ChargeReply>)Samples.Charged($"{routed.Account}/{routed.Charge.Id}"))];

    public async Task<ChargeAnswers> Charge(ChargeMessage message)
    {
        Messages.Enqueue(message.Charges);
        _reached.TrySetResult();
        return new ChargeAnswers { Answers = await OnCharge(message.Charges) };
    }

    public Task<ClusterView> View() => throw new NotSupportedException();
}
