using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Metering.Client;

/// <summary>Between this library's types and the messages of metering.v1.</summary>
internal static class Messages
{
    private const int NanosPerUnit = 1_000_000_000;
    private const int MaxDecimals = 9;

    public static V1.ChargeRequest ToWire(string account, Charge charge)
    {
        var wire = new V1.ChargeRequest
        {
            Account = account,
            Id = charge.Id,
            Time = ToWire(charge.Time),
            Mode = charge.Mode switch
            {
                ChargeMode.Enforce => V1.ChargeMode.Enforce,
                ChargeMode.UpTo => V1.ChargeMode.UpTo,
                ChargeMode.Record => V1.ChargeMode.Record,
            },
        };
        foreach (var line in charge.Lines)
        {
            var wireLine = new V1.ChargeLine { Meter = line.Meter, Quantity = ToWire(line.Quantity) };
            wireLine.Dimensions.Add(line.Dimensions?.ToDictionary() ?? []);
            wire.Lines.Add(wireLine);
        }

        return wire;
    }

    public static V1.AccountSettings ToWire(AccountSettings settings)
    {
        var wire = new V1.AccountSettings
        {
            DisplayName = settings.DisplayName,
            RateCard = settings.RateCard,
            DiscountPercent = ToWire(settings.DiscountPercent),
            CreditLimit = ToWire(settings.CreditLimit),
        };
        wire.Metadata.Add(settings.Metadata?.ToDictionary() ?? []);
        return wire;
    }

    public static V1.AddGrantRequest ToWire(string account, Grant grant)
    {
        var wire = new V1.AddGrantRequest
        {
            Account = account,
            Id = grant.Id,
            Amount = ToWire(grant.Amount),
            Priority = grant.Priority,
            Kind = grant.Kind switch
            {
                GrantKind.Purchase => V1.GrantKind.Purchase,
                GrantKind.Plan => V1.GrantKind.Plan,
                GrantKind.Promotion => V1.GrantKind.Promotion,
                GrantKind.Refund => V1.GrantKind.Refund,
            },
            EffectiveAt = ToWire(grant.EffectiveAt),
            ExpiresAt = ToWire(grant.ExpiresAt),
        };
        wire.Meters.Add(grant.Meters);
        return wire;
    }

    public static V1.RateCardDraft ToWire(RateCard card)
    {
        var wire = new V1.RateCardDraft { CreditDefinition = card.CreditDefinition, EffectiveFrom = ToWire(card.EffectiveFrom) };
        foreach (var meter in card.Meters)
        {
            var wireMeter = new V1.Meter { Meter_ = meter.Name, Unit = meter.Unit };
            wireMeter.Prices.Add(meter.Prices.Select(ToWire));
            wire.Meters.Add(wireMeter);
        }

        return wire;
    }

    public static ChargeReply FromWire(V1.ChargeReply wire) => new()
    {
        Id = wire.Id,
        Credits = FromWire(wire.Credits),
        Uncovered = FromWire(wire.Uncovered),
        Balance = FromWire(wire.Balance),
        Available = FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
        Violations = [.. wire.Violations],
    };

    public static IReadOnlyList<Answer<ChargeReply>> FromWire(V1.ChargeManyReply wire) =>
        [.. wire.Results.Select(static result => result.Reply is { } reply
            ? new Answer<ChargeReply>(FromWire(reply), null)
            : new Answer<ChargeReply>(null, FromWire(result.Refusal)))];

    public static Account FromWire(V1.Account wire) => new()
    {
        Id = wire.Account_,
        Settings = new AccountSettings
        {
            DisplayName = wire.Settings.DisplayName,
            RateCard = wire.Settings.RateCard,
            DiscountPercent = FromWire(wire.Settings.DiscountPercent),
            CreditLimit = FromWire(wire.Settings.CreditLimit),
            Metadata = new Dictionary<string, string>(wire.Settings.Metadata, StringComparer.Ordinal),
        },
        Balance = FromWire(wire.Balance),
        Available = FromWire(wire.Available),
        Held = FromWire(wire.Held),
        Overage = FromWire(wire.Overage),
        Sequence = wire.Sequence,
    };

    public static GrantReply FromWire(V1.GrantReply wire) => new()
    {
        Id = wire.Id,
        Credits = FromWire(wire.Credits),
        Balance = FromWire(wire.Balance),
        Available = FromWire(wire.Available),
        Sequence = wire.Sequence,
        Replayed = wire.Replayed,
    };

    public static PublishReply FromWire(V1.PublishReply wire) =>
        new(wire.Id, wire.Version, wire.EffectiveFrom.ToDateTimeOffset(), wire.ContentHash);

    /// <summary>The refusal that a status carries, if it is one of the gateway and not of what lies between.</summary>
    public static Refusal? RefusalOf(RpcException exception) =>
        exception.GetRpcStatus()?.GetDetail<V1.Refusal>() is { } wire ? FromWire(wire) : null;

    private static Refusal FromWire(V1.Refusal wire) => new()
    {
        Code = wire.Code,
        Detail = wire.Detail,
        Account = wire.Account.Length == 0 ? null : wire.Account,
        Required = wire.Required is null ? null : FromWire(wire.Required),
        Available = wire.Available is null ? null : FromWire(wire.Available),
        IsRetryable = wire.Retryable,
        RetryAfter = wire.RetryAfter?.ToTimeSpan(),
        Errors = [.. wire.Errors.Select(static fault => new FieldFault(fault.Path, fault.Code, fault.Message))],
    };

    private static V1.Price ToWire(Price price)
    {
        var wire = new V1.Price
        {
            Id = price.Id,
            Kind = price.Kind switch
            {
                PriceKind.PerUnit => V1.PriceKind.PerUnit,
                PriceKind.Package => V1.PriceKind.Package,
                PriceKind.Graduated => V1.PriceKind.Graduated,
                PriceKind.Volume => V1.PriceKind.Volume,
            },
            UnitPrice = ToWireIfAny(price.UnitPrice),
            PackageSize = ToWireIfAny(price.PackageSize),
            PackagePrice = ToWireIfAny(price.PackagePrice),
            FreeUnits = ToWireIfAny(price.FreeUnits),
            MaximumPerPeriod = ToWireIfAny(price.MaximumPerPeriod),
            Convert = price.Convert is { } convert ? ToWire(convert) : null,
            PerCharge = price.PerCharge is { } perCharge
                ? new V1.PerCharge
                {
                    Minimum = ToWireIfAny(perCharge.Minimum),
                    Maximum = ToWireIfAny(perCharge.Maximum),
                    Flat = ToWireIfAny(perCharge.Flat),
                }
                : null,
        };
        wire.When.Add(price.When?.ToDictionary() ?? []);
        wire.Tiers.Add(price.Tiers.Select(static tier => new V1.Tier
        {
            UpTo = ToWireIfAny(tier.UpTo),
            UnitPrice = ToWireIfAny(tier.UnitPrice),
            FlatPrice = ToWireIfAny(tier.FlatPrice),
            PackageSize = ToWireIfAny(tier.PackageSize),
            PackagePrice = ToWireIfAny(tier.PackagePrice),
        }));
        return wire;
    }

    private static V1.Conversion ToWire(Conversion convert)
    {
        var wire = new V1.Conversion
        {
            Multiply = ToWireIfAny(convert.Multiply),
            Divide = ToWireIfAny(convert.Divide),
            Rounding = convert.Rounding switch
            {
                ConversionRounding.None => V1.ConversionRounding.None,
                ConversionRounding.Up => V1.ConversionRounding.Up,
                ConversionRounding.Down => V1.ConversionRounding.Down,
                ConversionRounding.HalfUp => V1.ConversionRounding.HalfUp,
            },
        };
        if (convert.Decimals is { } decimals)
        {
            wire.Decimals = decimals;
        }

        return wire;
    }

    private static V1.Decimal? ToWireIfAny(decimal? amount) => amount is { } value ? ToWire(value) : null;

    private static V1.Decimal ToWire(decimal amount)
    {
        var units = decimal.Truncate(amount);
        if (decimal.Round(amount, MaxDecimals) != amount || units is < long.MinValue or > long.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(amount), amount, "An amount has at most 9 decimal places and fits 64 bits before the point.");
        }

        return new V1.Decimal { Units = (long)units, Nanos = (int)((amount - units) * NanosPerUnit) };
    }

    private static decimal FromWire(V1.Decimal? wire) => wire is null ? 0m : wire.Units + ((decimal)wire.Nanos / NanosPerUnit);

    private static Timestamp? ToWire(DateTimeOffset? instant) => instant is { } value ? Timestamp.FromDateTimeOffset(value) : null;
}
