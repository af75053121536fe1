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
            },
        ],
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
