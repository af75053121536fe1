using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Metering.Core;
using Metering.Core.Accounts;
using Metering.Core.Budgets;
using Metering.Core.Charges;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using Metering.Core.Pricing;

namespace Metering.Benchmarks;

/// <summary>What the pure core takes to decide and apply one charge, its entry encoded, in the steady state where each new id pushes out an old one.</summary>
[MemoryDiagnoser]
public class CoreBenchmark
{
    private const int BatchSize = 100;
    private static readonly DateTimeOffset Start = new(2026, 3, 10, 12, 0, 0, TimeSpan.Zero);
    private readonly RateCard _card = Card();
    private Account _account = null!;
    private long _charges;

    /// <summary>What the account has beside its one grant.</summary>
    [Params("1 grant", "10 grants, 5 budgets", "100,000 open holds")]
    public string Has { get; set; } = "";

    internal static void Run() => BenchmarkRunner.Run<CoreBenchmark>(ManualConfig.Create(DefaultConfig.Instance)
        .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "metering-benchmarks"))
        .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(3).WithIterationCount(10)));

    [GlobalSetup]
    public void Prepare()
    {
        _account = new Account("acme", new AccountLimits());
        Apply(_account.DecideSettings(Settings(), Start).Entry);
        var grants = Has.StartsWith("10 ", StringComparison.Ordinal) ? 10 : 1;
        for (var i = 0; i < grants; i++)
        {
            Apply(_account.DecideGrant(Grant($"g{i}", i), Start).Entry);
        }

        for (var i = 0; grants == 10 && i < 5; i++)
        {
            Apply(_account.DecideBudget(Budget($"b{i}"), Start).Entry);
        }

        for (var i = 0; Has.StartsWith("100,000", StringComparison.Ordinal) && i < 100_000; i++)
        {
            Apply(_account.DecideHold(new PlaceHold($"h{i}", null, Credits.From(0.001m), TimeSpan.FromHours(24), ChargeMode.Enforce), Start, _card).Held);
        }

        for (var i = 0; i < 20_000; i++)
        {
            DecideAndApply();
        }
    }

    [Benchmark]
    public long DecideAndApply()
    {
        var charge = new Charge((++_charges).ToString(CultureInfo.InvariantCulture), [new ChargeLine("calls", Quantity.From(1m), [])], null, ChargeMode.Enforce);
        var decision = _account.DecideCharge(charge, Start, _card);
        Apply(decision.Charged);
        return _account.Sequence;
    }

    /// <summary>A batch, as a gateway sends it: everything is warm, and the time is that of one of its charges.</summary>
    [Benchmark(OperationsPerInvoke = BatchSize)]
    public long DecideAndApplyBatch()
    {
        for (var i = 0; i < BatchSize; i++)
        {
            DecideAndApply();
        }

        return _account.Sequence;
    }

    private void Apply(Entry? entry) => _account.Apply(entry ?? throw new InvalidOperationException("The command was refused."));

    private static AccountSettings Settings() => new()
    {
        DisplayName = "",
        RateCard = "default",
        Discount = Percent.From(0m),
        CreditLimit = Credits.Zero,
        Period = new Period(PeriodUnit.Month, Start),
        Metadata = [],
    };

    private static GrantTerms Grant(string id, int priority) => new()
    {
        Id = id,
        Amount = Credits.From(1_000_000_000_000m),
        Priority = priority,
        Kind = GrantKind.Purchase,
        Meters = MeterPatterns.All,
    };

    private static BudgetTerms Budget(string id) => new()
    {
        Id = id,
        Meters = MeterPatterns.All,
        Dimensions = [],
        Window = BudgetWindow.Day,
        Limit = Credits.From(1_000_000_000_000m),
        Thresholds = [50, 80, 100],
        Action = BudgetAction.Block,
    };

    private static RateCard Card()
    {
        var draft = new RateCardDraft
        {
            Meters = [new MeterDraft { Meter = "calls", Unit = "call", Prices = [new PriceDraft { Id = "calls", Kind = PriceKind.PerUnit, UnitPrice = 0.00006m }] }],
        };
        return new RateCard("default", [RateCardRules.Build("default", 1, Start.AddDays(-1), draft, out _)!]);
    }
}
