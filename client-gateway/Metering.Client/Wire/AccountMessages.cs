namespace Metering.Client.Wire;

/// <summary>Accounts to and from their messages.</summary>
internal static class AccountMessages
{
    public static V1.AccountSettings ToWire(AccountSettings settings)
    {
        var wire = new V1.AccountSettings
        {
            DisplayName = settings.DisplayName,
            RateCard = settings.RateCard,
            DiscountPercent = WireValues.ToWire(settings.DiscountPercent),
            CreditLimit = WireValues.ToWire(settings.CreditLimit),
            Period = settings.Period is { } period
                ? new V1.Period { Every = WireValues.ToWire(period.Every), Anchor = WireValues.ToWire(period.Anchor) }
                : null,
        };
        WireValues.Add(wire.Metadata, settings.Metadata);
        return wire;
    }

    public static Account FromWire(V1.Account wire) => new()
    {
        Id = wire.Account_,
        Settings = new AccountSettings
        {
            DisplayName = wire.Settings.DisplayName,
            RateCard = wire.Settings.RateCard,
            DiscountPercent = WireValues.FromWire(wire.Settings.DiscountPercent),
            CreditLimit = WireValues.FromWire(wire.Settings.CreditLimit),
            Period = new Period(WireValues.FromWire(wire.Settings.Period.Every), wire.Settings.Period.Anchor.ToDateTimeOffset()),
            Metadata = WireValues.FromWire(wire.Settings.Metadata),
        },
        Status = wire.Status switch
        {
            V1.AccountStatus.Open => AccountStatus.Open,
            V1.AccountStatus.Frozen => AccountStatus.Frozen,
            V1.AccountStatus.Closed => AccountStatus.Closed,
            _ => throw WireValues.Unknown(wire.Status),
        },
        Balance = WireValues.FromWire(wire.Balance),
        Available = WireValues.FromWire(wire.Available),
        Held = WireValues.FromWire(wire.Held),
        Overage = WireValues.FromWire(wire.Overage),
        Sequence = wire.Sequence,
        CreatedAt = wire.CreatedAt.ToDateTimeOffset(),
        Durability = wire.Durability switch
        {
            V1.Durability.Journal => Durability.Journal,
            V1.Durability.Periodic => Durability.Periodic,
            _ => throw WireValues.Unknown(wire.Durability),
        },
        Grants = [.. wire.Grants.Select(GrantMessages.FromWire)],
        Holds = [.. wire.Holds.Select(HoldMessages.FromWire)],
        HoldCount = wire.HoldCount,
        Budgets = [.. wire.Budgets.Select(GovernanceMessages.FromWire)],
        Policy = GovernanceMessages.FromWire(wire.Policy),
        Counters =
        [
            .. wire.Counters.Select(static counter => new UsageCounter(
                counter.Card, counter.Meter, counter.Price, counter.PeriodStart.ToDateTimeOffset(), WireValues.FromWire(counter.Quantity))),
        ],
    };

    public static AccountPage FromWire(V1.ListAccountsReply wire) => new(
        [
            .. wire.Accounts.Select(static account => new AccountSummary
            {
                Id = account.Account,
                DisplayName = account.DisplayName,
                Balance = WireValues.FromWire(account.Balance),
                Available = WireValues.FromWire(account.Available),
                Code = WireValues.IfAny(account.Code),
            }),
        ],
        WireValues.IfAny(wire.Cursor));
}
