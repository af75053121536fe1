using Metering.Contracts;
using Metering.Core;
using Metering.Core.Accounts;
using Metering.Core.Entries;
using Metering.Core.Grants;
using Metering.Core.Holds;
using CoreBurn = Metering.Core.Entries.Burn;
using CoreCharge = Metering.Core.Charges.Charge;
using CoreChargeLine = Metering.Core.Charges.ChargeLine;
using CoreChargeMode = Metering.Core.Charges.ChargeMode;
using CoreGrant = Metering.Core.Grants.Grant;
using CoreGrantKind = Metering.Core.Grants.GrantKind;
using CoreGrantStatus = Metering.Core.Grants.GrantStatus;
using CorePeriod = Metering.Core.Pricing.Period;
using CorePeriodUnit = Metering.Core.Pricing.PeriodUnit;
using CoreRecurrence = Metering.Core.Grants.Recurrence;
using CoreReverse = Metering.Core.Charges.Reverse;
using Recurrence = Metering.Contracts.Recurrence;

namespace Metering.Grains.Accounts;

/// <summary>Between messages and the core's types. Requests are well-formed by now: a value that does not fit is a bug and throws.</summary>
internal static class AccountMapping
{
    /// <summary>An account that exists, as it is at an instant.</summary>
    internal static AccountView View(Account account, DateTimeOffset now, Durability durability) => new()
    {
        Account = account.Id,
        Settings = Settings(account.Settings),
        Status = account.IsClosed ? AccountStatus.Closed : account.Policy.Terms.Frozen ? AccountStatus.Frozen : AccountStatus.Open,
        Balance = account.Balance.Value,
        Available = account.Available.Value,
        Held = account.Held.Value,
        Overage = account.Overage.Value,
        Sequence = account.Sequence,
        CreatedAt = account.CreatedAt,
        Durability = durability,
        Grants = [.. account.Grants.Select(Grant)],
        Holds = [.. account.Holds.Open.Take(AccountView.MaxHoldsShown).Select(Hold)],
        HoldCount = account.Holds.Count,
        Budgets = [.. account.Budgets.Select(budget => GovernanceMapping.View(budget, now, account.Settings.Period))],
        Policy = GovernanceMapping.View(account.Policy, now),
        Counters = [.. account.Counters
            .OrderByDescending(counter => counter.PeriodStart)
            .ThenBy(counter => counter.Price.Meter, StringComparer.Ordinal)
            .ThenBy(counter => counter.Price.Price, StringComparer.Ordinal)
            .Select(counter => new UsageCounterView(counter.Price.Card, counter.Price.Meter, counter.Price.Price, counter.PeriodStart, counter.Quantity.Value))],
    };

    internal static AccountSettings Settings(AccountRequest request) => new()
    {
        DisplayName = request.DisplayName,
        RateCard = request.RateCard,
        Discount = Percent.From(request.DiscountPercent),
        CreditLimit = Credits.From(request.CreditLimit),
        Period = CorePeriod.Of((CorePeriodUnit)request.Period.Every, request.Period.Anchor.ToUniversalTime()),
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
        Recurrence = request.Recurrence is not { } recurrence ? null : new CoreRecurrence(
            (CorePeriodUnit)recurrence.Every,
            recurrence.Count,
            recurrence.Anchor?.ToUniversalTime(),
            Credits.From(request.Rollover?.Minimum ?? 0m),
            Credits.From(request.Rollover?.Maximum ?? 0m)),
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
        Recurrence = grant.Terms.Recurrence is { } recurrence ? new Recurrence((PeriodUnit)recurrence.Every, recurrence.Anchor, recurrence.Count) : null,
        Rollover = grant.Terms.Recurrence is { } rolling ? new Rollover(rolling.RolloverMinimum.Value, rolling.RolloverMaximum.Value) : null,
        NextRefillAt = grant.Status is CoreGrantStatus.Active or CoreGrantStatus.Pending ? grant.NextRefillAt : null,
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

        return new CoreCharge(request.Id, lines, request.Time?.ToUniversalTime(), (CoreChargeMode)request.Mode, request.Producer, request.ProducerSequence, request.FirstSentAgo);
    }

    internal static PlaceHold Hold(HoldRequest request) => new(
        request.Id,
        request.Meter is null ? null : new CoreChargeLine(request.Meter, Quantity.From(request.Quantity ?? 0m), Dimensions(request.Dimensions)),
        request.Credits is { } credits ? Credits.From(credits) : null,
        request.TimeToLive,
        (CoreChargeMode)request.Mode);

    internal static HoldView Hold(Hold hold) => new()
    {
        Hold = hold.Id,
        Credits = hold.Left.Value,
        Settled = hold.Settled.Value,
        Meter = hold.Usage?.Meter,
        Dimensions = Dimensions(hold.Usage?.Dimensions ?? []),
        PlacedAt = hold.PlacedAt,
        ExpiresAt = hold.ExpiresAt,
    };

    internal static HoldReply Reply(Held held, bool replayed) => new()
    {
        Hold = held.Id,
        Credits = held.Credits.Value,
        ExpiresAt = held.ExpiresAt,
        Balance = held.Balance.Value,
        Available = held.Available.Value,
        Sequence = held.Sequence,
        Replayed = replayed,
    };

    internal static Settle Settle(SettleRequest request) => new(
        request.Id,
        request.Hold,
        request.Quantity is { } quantity ? Quantity.From(quantity) : null,
        request.Credits is { } credits ? Credits.From(credits) : null,
        request.Final,
        (CoreChargeMode)request.Mode);

    internal static SettleReply Reply(Settled settled, bool replayed, bool explain) => new()
    {
        Id = settled.Id,
        Hold = settled.Hold,
        Outcome = SettleOutcome.Settled,
        Credits = settled.Credits.Value,
        Released = settled.Released.Value,
        Balance = settled.Balance.Value,
        Available = settled.Available.Value,
        Sequence = settled.Sequence,
        Replayed = replayed,
        Violations = Violations(settled),
        Explanation = explain ? Explanation(settled) : null,
        Burned = explain ? Burned(settled.Payment.Burns) : null,
        Crossed = Crossed(settled),
    };

    internal static SettleReply Reply(HoldReleased released, bool replayed) => new()
    {
        Id = released.Id,
        Hold = released.Hold,
        Outcome = SettleOutcome.Released,
        Credits = 0m,
        Released = released.Released.Value,
        Balance = released.Balance.Value,
        Available = released.Available.Value,
        Sequence = released.Sequence,
        Replayed = replayed,
    };

    internal static CoreReverse Reversal(ReversalRequest request) =>
        new(request.Id, request.Charge, request.Quantity is { } quantity ? Quantity.From(quantity) : null);

    internal static ReversalReply Reply(Reversed reversed, bool replayed) => new()
    {
        Id = reversed.Id,
        Charge = reversed.Charge,
        Credits = -reversed.Payment.Credits.Value,
        Balance = reversed.Balance.Value,
        Available = reversed.Available.Value,
        Sequence = reversed.Sequence,
        Replayed = replayed,
        Returned = [
            .. reversed.Payment.Burns.Select(burn => new GrantBurn(burn.Grant, -burn.Credits.Value)),
            .. reversed.Payment.Refund is { } refund ? [new GrantBurn(refund.Grant, refund.Credits.Value)] : Array.Empty<GrantBurn>()],
    };

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
        Burned = explain ? Burned(charged.Payment.Burns) : null,
        Crossed = Crossed(charged),
    };

    internal static ChargeView View(PaidOperation charged, Credits reversed) => new()
    {
        Id = charged.Id,
        At = charged.At,
        Time = charged.Time,
        Mode = (ChargeMode)charged.Mode,
        Lines = [.. charged.Lines.Where(IsPriced).Select(line => new ChargeLine
        {
            Meter = line.Usage.Meter,
            Quantity = line.Usage.Quantity.Value,
            Dimensions = Dimensions(line.Usage.Dimensions),
        })],
        Credits = charged.Credits.Value,
        Uncovered = charged.Uncovered.Value,
        Balance = charged.Balance.Value,
        Available = charged.Available.Value,
        Sequence = charged.Sequence,
        Violations = Violations(charged),
        Explanation = Explanation(charged),
        Burned = Burned(charged.Payment.Burns),
        Crossed = Crossed(charged),
        Hold = (charged as Settled)?.Hold,
        Reversed = reversed.Value,
    };

    internal static QuoteReply Quote(Charged charged) => new()
    {
        Credits = charged.Credits.Value,
        Uncovered = charged.Uncovered.Value,
        Balance = charged.Balance.Value,
        Available = charged.Available.Value,
        Violations = Violations(charged),
        Explanation = Explanation(charged),
        Burned = Burned(charged.Payment.Burns),
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

    private static LineExplanation[] Explanation(PaidOperation charged) => [.. charged.Lines.Where(IsPriced).Select(line => new LineExplanation
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

    private static GrantBurn[] Burned(IReadOnlyList<CoreBurn> burns) => [.. burns.Select(burn => new GrantBurn(burn.Grant, burn.Credits.Value))];

    private static CrossedThreshold[] Crossed(PaidOperation charged) =>
        charged.Crossed.Count == 0 ? [] : [.. charged.Crossed.Select(crossing => new CrossedThreshold(crossing.Budget, crossing.Threshold))];

    // What was settled as credits has a line that says what for, but no price to explain.
    private static bool IsPriced(ChargedLine line) => line.Price.Length > 0;

    private static Dictionary<string, string> Dimensions(Dimension[] dimensions) =>
        dimensions.ToDictionary(dimension => dimension.Name, dimension => dimension.Value, StringComparer.Ordinal);

    // A recorded charge passes rules of the policy, budgets and the limit of credits; of those the core's numbers are the codes'.
    private static Code[] Violations(PaidOperation charged) => charged.Violations.Count == 0 ? [] : [.. charged.Violations.Select(violation => (Code)violation)];
}
