namespace Metering.Core.Pricing;

/// <summary>
/// What a draft must be to become a version of a card. A version that was built can price every quantity, or say it is out of
/// range; so all checking is here, once, and none on the way of a charge.
/// </summary>
public static class RateCardRules
{
    public const int MaxCreditDefinitionLength = 1_024;
    public const int MaxMeters = 1_000;
    public const int MaxUnitLength = 64;
    public const int MaxPricesPerMeter = 100;
    public const int MaxTiersPerPrice = 100;
    public const int MaxDimensions = 16;
    public const int MaxDimensionNameLength = 64;
    public const int MaxDimensionValueLength = 256;

    /// <summary>
    /// Checks a draft and makes it a version of a card; or finds every fault, each by its path (at most <see cref="FaultList.MaxFaults"/>).
    /// </summary>
    /// <returns>The version; none when there is a fault.</returns>
    public static RateCardVersion? Build(string card, int version, DateTimeOffset effectiveFrom, RateCardDraft draft, out IReadOnlyList<Fault> faults)
    {
        var found = new FaultList();
        Check(draft, found);
        faults = found.Faults;
        return faults.Count > 0 ? null : RateCardBuilder.Build(card, version, effectiveFrom, draft);
    }

    private static void Check(RateCardDraft draft, FaultList faults)
    {
        if (draft.CreditDefinition is { Length: > MaxCreditDefinitionLength })
        {
            faults.Add("creditDefinition", FaultCodes.TooLong, $"Must have at most {MaxCreditDefinitionLength} characters.");
        }

        CheckCount(faults, "meters", draft.Meters.Count, MaxMeters);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(draft.Meters.Count, MaxMeters); i++)
        {
            var path = $"meters[{i}]";
            CheckMeter(draft.Meters[i], path, faults);
            CheckUnique(faults, $"{path}.meter", names, draft.Meters[i].Meter);
        }
    }

    private static void CheckMeter(MeterDraft meter, string path, FaultList faults)
    {
        faults.RequireName($"{path}.meter", meter.Meter);
        if (string.IsNullOrWhiteSpace(meter.Unit))
        {
            faults.Add($"{path}.unit", FaultCodes.Required, "Must be given.");
        }
        else if (meter.Unit.Length > MaxUnitLength)
        {
            faults.Add($"{path}.unit", FaultCodes.TooLong, $"Must have at most {MaxUnitLength} characters.");
        }

        CheckCount(faults, $"{path}.prices", meter.Prices.Count, MaxPricesPerMeter);
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var whens = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Math.Min(meter.Prices.Count, MaxPricesPerMeter); i++)
        {
            var price = meter.Prices[i];
            var pricePath = $"{path}.prices[{i}]";
            PriceRules.Check(price, pricePath, faults);
            CheckUnique(faults, $"{pricePath}.id", ids, price.Id);
            if (!whens.Add(Canonical(price.When)))
            {
                faults.Add($"{pricePath}.when", FaultCodes.Duplicate, "An earlier price has the same dimensions, so this one would never apply.");
            }
        }
    }

    internal static void CheckCount(FaultList faults, string path, int count, int max)
    {
        if (count == 0)
        {
            faults.Add(path, FaultCodes.Required, "Must have at least one.");
        }
        else if (count > max)
        {
            faults.Add(path, FaultCodes.TooMany, $"Must have at most {max}.");
        }
    }

    private static void CheckUnique(FaultList faults, string path, HashSet<string> seen, string? name)
    {
        if (!string.IsNullOrEmpty(name) && !seen.Add(name))
        {
            faults.Add(path, FaultCodes.Duplicate, "Is used before.");
        }
    }

    // Lengths first, so that no value can pretend to be the beginning of the next name.
    private static string Canonical(IReadOnlyList<Dimension> when) =>
        string.Concat(when
            .OrderBy(dimension => dimension.Name, StringComparer.Ordinal)
            .Select(dimension => $"{dimension.Name.Length}:{dimension.Name}{dimension.Value.Length}:{dimension.Value}"));
}
