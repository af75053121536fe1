using Metering.Contracts;
using Metering.Core;
using Metering.Core.Accounts;
using Metering.Core.Entries;
using Metering.Core.Grants;
using ChargeOutcome = Metering.Core.Charges.ChargeOutcome;
using CoreCharge = Metering.Core.Charges.Charge;
using CoreChargeLine = Metering.Core.Charges.ChargeLine;
using CoreChargeMode = Metering.Core.Charges.ChargeMode;
using CoreGrant = Metering.Core.Grants.Grant;
using CoreGrantKind = Metering.Core.Grants.GrantKind;
using CoreGrantStatus = Metering.Core.Grants.GrantStatus;
using CorePeriod = Metering.Core.Pricing.Period;
using CorePeriodUnit = Metering.Core.Pricing.PeriodUnit;

namespace Metering.Grains.Accounts;

/// <summary>Between messages and the core's types. Requests are well-formed by now: a value that does not fit is a bug and throws.</summary>
internal static class AccountMapping
{
    internal static AccountSettings Settings(AccountRequest request) => new()
    {
        DisplayName = request.DisplayName,
        RateCard = request.RateCard,
        Discount = Percent.From(request.DiscountPercent),
        CreditLimit = Credits.From(request.CreditLimit),
        Period = new CorePeriod((CorePeriodUnit)request.Period.Every, request.Period.Anchor.ToUniversalTime()),
        Metadata = [.. request.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)],
    };

    internal static AccountRequest Settings(AccountSettings settings) => new()
    {
        DisplayName = settings.DisplayName,
        RateCard = settings.RateCard,
        DiscountPercent = settings.Discount.Value,
        CreditLimit = settings.CreditLimit.Value,
        Period = new Period((PeriodUnit)settings.Period.Every, settings.Period.Anchor),
        Metadata = settings.Metadata.ToDictionary(StringComparer.Ordinal),
    };

    internal static GrantTerms Grant(GrantRequest request) => new()
    {
        Id = request.Id,
        Amount = Credits.From(request.Amount),
        Priority = request.Priority,
        Kind = (CoreGrantKind)request.Kind,
        EffectiveAt = request.EffectiveAt?.ToUniversalTime(),
        ExpiresAt = request.ExpiresAt?.ToUniversalTime(),
        Meters = MeterPatterns.From(request.Meters),
    };

    internal static GrantView Grant(CoreGrant grant) => new()
    {
        Id = grant.Id,
        Amount = grant.Terms.Amount.Value,
        Remaining = grant.Remaining.Value,
        Priority = grant.Terms.Priority,
        Kind = (Contracts.GrantKind)grant.Terms.Kind,
        Status = grant.Status switch
        {
            CoreGrantStatus.Pending => Contracts.GrantStatus.Pending,
            CoreGrantStatus.Active => Contracts.GrantStatus.Active,
            CoreGrantStatus.Expired => Contracts.GrantStatus.Expired,
            CoreGrantStatus.Voided => Contracts.GrantStatus.Voided,
        },
        EffectiveAt = grant.EffectiveAt,
        ExpiresAt = grant.ExpiresAt,
        Meters = grant.Terms.Meters.Patterns,
        AddedAt = grant.AddedAt,
    };

    internal static GrantReply Reply(string id, Contracts.GrantOutcome outcome, GrantAnswer answer) => new()
    {
        Id = id,
        Outcome = outcome,
        Credits = answer.Credits.Value,
        Balance = answer.Balance.Value,
        Available = answer.Available.Value,
        Sequence = answer.Sequence,
        Replayed = answer.Replayed,
    };

    internal static CoreCharge Charge(ChargeRequest request)
    {
        var lines = new CoreChargeLine[request.Lines.Count];
        for (var i = 0; i < lines.Length; i++)
        {
            var line = request.Lines[i];
            lines[i] = new CoreChargeLine(line.Meter, Quantity.From(line.Quantity), Dimensions(line.Dimensions));
        }

        return new CoreCharge(request.Id, lines, request.Time?.ToUniversalTime(), (CoreChargeMode)request.Mode);
    }

    internal static ChargeReply Reply(Charged charged, bool replayed, bool explain) => new()
    {
        Id = charged.Id,
        Credits = charged.Credits.Value,
        Uncovered = charged.Uncovered.Value,
        Balance = charged.Balance.Value,
        Available = charged.Available.Value,
        Sequence = charged.Sequence,
        Replayed = replayed,
        Violations = Violations(charged),
        Explanation = explain ? Explanation(charged) : null,
        Burned = explain ? Burned(charged) : null,
    };

    internal static ChargeView View(Charged charged) => new()
    {
        Id = charged.Id,
        At = charged.At,
        Time = charged.Time,
        Mode = (ChargeMode)charged.Mode,
        Lines = [.. charged.Lines.Select(line => new ChargeLine
        {
            Meter = line.Usage.Meter,
            Quantity = line.Usage.Quantity.Value,
            Dimensions = line.Usage.Dimensions.ToDictionary(dimension => dimension.Name, dimension => dimension.Value, StringComparer.Ordinal),
        })],
        Credits = charged.Credits.Value,
        Uncovered = charged.Uncovered.Value,
        Balance = charged.Balance.Value,
        Available = charged.Available.Value,
        Sequence = charged.Sequence,
        Violations = Violations(charged),
        Explanation = Explanation(charged),
        Burned = Burned(charged),
    };

    internal static QuoteReply Quote(Charged charged) => new()
    {
        Credits = charged.Credits.Value,
        Uncovered = charged.Uncovered.Value,
        Balance = charged.Balance.Value,
        Available = charged.Available.Value,
        Violations = Violations(charged),
        Explanation = Explanation(charged),
        Burned = Burned(charged),
    };

    private static Dimension[] Dimensions(IReadOnlyDictionary<string, string> dimensions)
    {
        if (dimensions.Count == 0)
        {
            return [];
        }

        var sorted = new Dimension[dimensions.Count];
        var next = 0;
        foreach (var (name, value) in dimensions)
        {
            sorted[next++] = new Dimension(name, value);
        }

        Array.Sort(sorted, (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return sorted;
    }

    private static LineExplanation[] Explanation(Charged charged) => [.. charged.Lines.Select(line => new LineExplanation
    {
        Meter = line.Usage.Meter,
        Card = charged.Card,
        Version = charged.Version,
        Price = line.Price,
        QuantityBefore = line.QuantityBefore.Value,
        Quantity = line.Usage.Quantity.Value,
        Tiers = [.. line.Priced.Tiers.Select(tier => new TierExplanation(
            tier.Tier, tier.Quantity.Value, tier.UnitPrice.Value, tier.FlatPrice.Value, tier.Credits.Value))],
        Adjustments = [.. line.Priced.Adjustments.Select(adjustment => new AdjustmentExplanation((AdjustmentKind)adjustment.Kind, adjustment.Credits.Value))],
        Credits = line.Priced.Credits.Value,
    })];

    private static GrantBurn[] Burned(Charged charged) => [.. charged.Burns.Select(burn => new GrantBurn(burn.Grant, burn.Credits.Value))];

    private static Code[] Violations(Charged charged) => charged.Violations.Count == 0 ? [] : [.. charged.Violations.Select(Violation)];

    private static Code Violation(ChargeOutcome outcome) => outcome switch
    {
        ChargeOutcome.InsufficientCredits => Code.InsufficientCredits,
        ChargeOutcome.Charged or ChargeOutcome.AccountNotFound or ChargeOutcome.RateCardNotFound or ChargeOutcome.IdReused
            or ChargeOutcome.UnknownMeter or ChargeOutcome.NoPrice or ChargeOutcome.TooOld or ChargeOutcome.InFuture
            or ChargeOutcome.OutOfRange => throw new InvalidOperationException($"{outcome} is no rule that a charge may pass."),
    };
}
