using Metering.Contracts;
using Metering.Gateway.Routing;
using Metering.Gateway.Validation;
using Metering.Gateway.Wire;

namespace Metering.Gateway.Grpc;

/// <summary>Accounts and grants between their messages and the contracts.</summary>
internal static class AccountMessages
{
    public static AccountRequest FromWire(V1.AccountSettings? wire, Faults faults)
    {
        var settings = new AccountRequest();
        if (wire is not null)
        {
            settings = settings with
            {
                DisplayName = wire.DisplayName,
                RateCard = wire.RateCard.Length == 0 ? settings.RateCard : wire.RateCard,
                DiscountPercent = WireValues.Amount(wire.DiscountPercent, "discountPercent", faults) ?? 0m,
                CreditLimit = WireValues.Amount(wire.CreditLimit, "creditLimit", faults) ?? 0m,
                Period = FromWire(wire.Period, faults),
                Metadata = new Dictionary<string, string>(wire.Metadata, StringComparer.Ordinal),
            };
        }

        AccountRules.Check(settings, faults);
        return settings;
    }

    public static GrantRequest FromWire(V1.AddGrantRequest wire, Faults faults)
    {
        var grant = new GrantRequest
        {
            Id = wire.Id,
            Amount = WireValues.Required(wire.Amount, "amount", faults),
            Priority = wire.HasPriority ? wire.Priority : GrantRequest.DefaultPriority,
            Kind = WireValues.Kind(wire.Kind, faults),
            EffectiveAt = WireValues.Instant(wire.EffectiveAt, "effectiveAt", faults),
            ExpiresAt = WireValues.Instant(wire.ExpiresAt, "expiresAt", faults),
            Meters = [.. wire.Meters],
            Recurrence = FromWire(wire.Recurrence, faults),
            Rollover = FromWire(wire.Rollover, faults),
        };
        GrantRules.Check(grant, faults);
        return grant;
    }

    public static V1.Account ToWire(AccountView account)
    {
        var wire = new V1.Account
        {
            Account_ = account.Account,
            Settings = ToWire(account.Settings),
            Balance = account.Balance.ToWire(),
            Available = account.Available.ToWire(),
            Held = account.Held.ToWire(),
            Overage = account.Overage.ToWire(),
            Sequence = account.Sequence,
            CreatedAt = account.CreatedAt.ToWire(),
            Durability = account.Durability.ToWire(),
            Status = account.Status.ToWire(),
            HoldCount = account.HoldCount,
            Policy = GovernanceMessages.ToWire(account.Policy),
        };
        wire.Grants.Add(account.Grants.Select(ToWire));
        wire.Holds.Add(account.Holds.Select(HoldMessages.ToWire));
        wire.Budgets.Add(account.Budgets.Select(GovernanceMessages.ToWire));
        wire.Counters.Add(account.Counters.Select(static counter => new V1.UsageCounter
        {
            Card = counter.Card,
            Meter = counter.Meter,
            Price = counter.Price,
            PeriodStart = counter.PeriodStart.ToWire(),
            Quantity = counter.Quantity.ToWire(),
        }));
        return wire;
    }

    public static V1.ListGrantsReply GrantsToWire(AccountView account)
    {
        var wire = new V1.ListGrantsReply();
        wire.Grants.Add(account.Grants.Select(ToWire));
        return wire;
    }

    public static V1.ListAccountsReply ToWire(ListedPage page)
    {
        var wire = new V1.ListAccountsReply { Cursor = page.Cursor ?? "" };
        foreach (var listed in page.Accounts)
        {
            wire.Accounts.Add(listed.Answer.Reply is { } account
                ? new V1.AccountSummary
                {
                    Account = listed.Account,
                    DisplayName = account.Settings.DisplayName,
                    Balance = account.Balance.ToWire(),
                    Available = account.Available.ToWire(),
                }
                : new V1.AccountSummary { Account = listed.Account, Code = WireNames.Of(listed.Answer.Refusal!.Code) });
        }

        return wire;
    }

    public static V1.GrantReply ToWire(GrantReply reply) => new()
    {
        Id = reply.Id,
        Outcome = WireNames.Of(reply.Outcome),
        Credits = reply.Credits.ToWire(),
        Balance = reply.Balance.ToWire(),
        Available = reply.Available.ToWire(),
        Sequence = reply.Sequence,
        Replayed = reply.Replayed,
    };

    public static V1.GrantReply ToWire(Warned<GrantReply> warned)
    {
        var wire = ToWire(warned.Reply);
        wire.Warnings.Add(warned.Warnings);
        return wire;
    }

    private static Period FromWire(V1.Period? wire, Faults faults)
    {
        if (wire is null)
        {
            return Period.Default;
        }

        faults.Enter("period");
        var period = new Period(
            WireValues.Unit(wire.Every, faults),
            WireValues.Instant(wire.Anchor, "anchor", faults) ?? Period.Default.Anchor);
        faults.Leave();
        return period;
    }

    private static Recurrence? FromWire(V1.Recurrence? wire, Faults faults)
    {
        if (wire is null)
        {
            return null;
        }

        faults.Enter("recurrence");
        var recurrence = new Recurrence(
            WireValues.Unit(wire.Every, faults),
            WireValues.Instant(wire.Anchor, "anchor", faults),
            wire.HasCount ? wire.Count : 1);
        faults.Leave();
        return recurrence;
    }

    private static Rollover? FromWire(V1.Rollover? wire, Faults faults)
    {
        if (wire is null)
        {
            return null;
        }

        faults.Enter("rollover");
        var rollover = new Rollover(WireValues.Amount(wire.Minimum, "minimum", faults) ?? 0m, WireValues.Amount(wire.Maximum, "maximum", faults) ?? GrantRules.AllRollsOver);
        faults.Leave();
        return rollover;
    }

    private static V1.AccountSettings ToWire(AccountRequest settings)
    {
        var wire = new V1.AccountSettings
        {
            DisplayName = settings.DisplayName,
            RateCard = settings.RateCard,
            DiscountPercent = settings.DiscountPercent.ToWire(),
            CreditLimit = settings.CreditLimit.ToWire(),
            Period = new V1.Period { Every = settings.Period.Every.ToWire(), Anchor = settings.Period.Anchor.ToWire() },
        };
        wire.Metadata.Add(settings.Metadata.ToDictionary());
        return wire;
    }

    private static V1.Grant ToWire(GrantView grant)
    {
        var wire = new V1.Grant
        {
            Id = grant.Id,
            Amount = grant.Amount.ToWire(),
            Remaining = grant.Remaining.ToWire(),
            Priority = grant.Priority,
            Kind = grant.Kind.ToWire(),
            Status = grant.Status.ToWire(),
            EffectiveAt = grant.EffectiveAt.ToWire(),
            ExpiresAt = grant.ExpiresAt.ToWireIfAny(),
            AddedAt = grant.AddedAt.ToWire(),
            NextRefillAt = grant.NextRefillAt.ToWireIfAny(),
        };
        wire.Meters.Add(grant.Meters);
        if (grant.Recurrence is { } recurrence)
        {
            wire.Recurrence = new V1.Recurrence
            {
                Every = recurrence.Every.ToWire(),
                Count = recurrence.Count,
                Anchor = recurrence.Anchor.ToWireIfAny(),
            };
        }

        if (grant.Rollover is { } rollover)
        {
            wire.Rollover = new V1.Rollover
            {
                Minimum = rollover.Minimum.ToWire(),
                Maximum = rollover.Maximum == GrantRules.AllRollsOver ? null : rollover.Maximum.ToWire(),
            };
        }

        return wire;
    }
}
