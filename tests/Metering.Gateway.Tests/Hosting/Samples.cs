using Metering.Contracts;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>Replies of grains, with every field told apart from the others.</summary>
internal static class Samples
{
    public static DateTimeOffset At { get; } = new(2026, 1, 31, 12, 0, 0, 500, TimeSpan.Zero);

    public static IReadOnlyList<LineExplanation> Explanation { get; } =
    [
        new LineExplanation
        {
            Meter = "llm.tokens",
            Card = "default",
            Version = 3,
            Price = "rest",
            QuantityBefore = 10.50m,
            Quantity = 1200m,
            Tiers = [new TierExplanation(1, 1200m, 0.00006m, 0m, 0.072m), new TierExplanation(2, 1m, 0.5m, 3m, 3.5m)],
            Adjustments = [new AdjustmentExplanation(AdjustmentKind.Discount, -0.0010m)],
            Credits = 3.571m,
        },
    ];

    public static ApiKey Key { get; } = new()
    {
        Id = "K7dQ2mZx0PbT",
        Name = "portal",
        Role = Role.Charge,
        Accounts = ["team-*"],
        Meters = ["llm.*"],
        CreatedAt = At,
        ExpiresAt = At.AddYears(1),
        RequestsPerSecond = 10,
        ChargesPerSecond = 1_000,
        Secrets = [],
    };

    public static GrantReply Granted { get; } = new()
    {
        Id = "plan",
        Outcome = GrantOutcome.Granted,
        Credits = 100m,
        Balance = 100.0m,
        Available = 110m,
        Sequence = 2,
    };

    public static ChargeView ChargeView { get; } = new()
    {
        Id = "req-1",
        At = At,
        Time = At.AddHours(-1),
        Mode = ChargeMode.UpTo,
        Lines = [new ChargeLine { Meter = "llm.tokens", Quantity = 1200.0m, Dimensions = new Dictionary<string, string> { ["model"] = "gpt-4" } }],
        Credits = 0.072m,
        Uncovered = 0.5m,
        Balance = 99.928m,
        Available = 99.928m,
        Sequence = 43,
        Violations = [Code.InsufficientCredits],
        Explanation = Explanation,
        Burned = [new GrantBurn("plan", 0.072m)],
    };

    public static QuoteReply Quote { get; } = new()
    {
        Credits = 0.072m,
        Balance = 99.928m,
        Available = 99.928m,
        Explanation = Explanation,
        Burned = [new GrantBurn("plan", 0.072m)],
    };

    public static BudgetView Budget { get; } = new()
    {
        Budget = new BudgetRequest
        {
            Id = "search",
            Meters = ["llm.*"],
            Dimensions = new Dictionary<string, string> { ["team"] = "search" },
            Window = BudgetWindow.Day,
            Limit = 25m,
            Thresholds = [50, 80, 100],
            Action = BudgetAction.Block,
        },
        Counters = [new BudgetCounterView(new Dictionary<string, string>(), new DateTimeOffset(2026, 1, 31, 0, 0, 0, TimeSpan.Zero), 20.50m, 4m, [50, 80])],
    };

    public static PolicyView Policy { get; } = new()
    {
        Policy = new PolicyRequest
        {
            AllowedMeters = ["llm.*"],
            BlockedMeters = ["llm.images"],
            RequiredDimensions = ["service"],
            MaximumCreditsPerCharge = 50m,
            RateLimits = [new RateLimit("api.calls", 100m, 1, 200m)],
            Frozen = true,
            Shadow = [PolicyRule.RateLimits],
        },
        Shadowed = new Dictionary<PolicyRule, long> { [PolicyRule.RateLimits] = 7 },
        RateLimitsLeft = [150.5m],
    };

    public static ChargeReply Charged(string id) => new()
    {
        Id = id,
        Credits = 0.0720m,
        Balance = 99.928m,
        Available = 99.928m,
        Sequence = 43,
    };

    public static AccountView Account(string account) => new()
    {
        Account = account,
        Settings = new AccountRequest { DisplayName = "Acme", CreditLimit = 10m, Metadata = new Dictionary<string, string> { ["tier"] = "gold" } },
        Balance = 99.928m,
        Available = 101.928m,
        Held = 8m,
        Overage = 0m,
        Sequence = 43,
        CreatedAt = At,
        Durability = Durability.Journal,
        Grants =
        [
            new GrantView
            {
                Id = "plan", Amount = 100m, Remaining = 99.928m, Priority = 100, Kind = GrantKind.Plan, Status = GrantStatus.Active,
                EffectiveAt = At, ExpiresAt = At.AddDays(1), Meters = ["llm.*"], AddedAt = At,
                Recurrence = new Recurrence(PeriodUnit.Week, At.AddDays(-1), 2), Rollover = new Rollover(1m, 50m), NextRefillAt = At.AddHours(1),
            },
        ],
        Status = AccountStatus.Frozen,
        Holds =
        [
            new HoldView
            {
                Hold = "h1", Credits = 8m, Settled = 2m, Meter = "llm.tokens", Dimensions = new Dictionary<string, string> { ["model"] = "gpt-4" },
                PlacedAt = At, ExpiresAt = At.AddMinutes(5),
            },
            new HoldView { Hold = "h2", Credits = 1m, Settled = 0m, PlacedAt = At, ExpiresAt = At.AddMinutes(6) },
        ],
        HoldCount = 3,
        Budgets = [Budget, Budget with { Budget = Budget.Budget with { Id = "keys", Dimensions = new Dictionary<string, string> { ["key"] = "*" } } }],
        Policy = Policy,
        Counters = [new UsageCounterView("default", "llm.tokens", "rest", At.AddDays(-30), 1200m)],
    };

    public static HoldReply Held(string id) => new()
    {
        Hold = id,
        Credits = 8.0m,
        ExpiresAt = At.AddMinutes(5),
        Balance = 99.928m,
        Available = 91.928m,
        Sequence = 44,
    };

    public static SettleReply Settled(string id, string hold) => new()
    {
        Id = id,
        Hold = hold,
        Outcome = SettleOutcome.Settled,
        Credits = 5.0m,
        Released = 3m,
        Balance = 94.928m,
        Available = 94.928m,
        Sequence = 45,
    };

    public static ReversalReply Reversed(string id, string charge) => new()
    {
        Id = id,
        Charge = charge,
        Credits = 0.0720m,
        Balance = 100m,
        Available = 110m,
        Sequence = 46,
        Returned = [new GrantBurn("plan", 0.072m)],
    };

    public static PublishReply Published(string card) => new() { Id = card, Version = 3, EffectiveFrom = At, ContentHash = "ab12" };

    public static RateCardView RateCard(string card) => new()
    {
        Id = card,
        Version = 3,
        EffectiveFrom = At,
        PublishedAt = At.AddMinutes(-1),
        ContentHash = "ab12",
        LatestVersion = 4,
        Card = new RateCardDraft
        {
            CreditDefinition = "1 credit = 1M calls",
            EffectiveFrom = At,
            Meters =
            [
                new MeterDraft
                {
                    Meter = "egress",
                    Unit = "byte",
                    Prices =
                    [
                        new PriceDraft
                        {
                            Id = "gb",
                            Kind = PriceKind.Volume,
                            When = new Dictionary<string, string> { ["region"] = "eu" },
                            Tiers = [new TierDraft { UpTo = 100m, UnitPrice = 1m }, new TierDraft { UnitPrice = 0.8m, FlatPrice = 3m }],
                            FreeUnits = 1000m,
                            Convert = new ConversionDraft { Divide = 1000000000m, Rounding = ConversionRounding.HalfUp, Decimals = 0 },
                            MaximumPerPeriod = 500m,
                            PerCharge = new PerChargeDraft { Minimum = 1.75m, Maximum = 12m, Flat = 0m },
                        },
                    ],
                },
            ],
        },
    };
}
