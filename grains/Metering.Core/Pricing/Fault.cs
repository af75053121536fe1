namespace Metering.Core.Pricing;

/// <summary>One thing wrong with a draft: where, by the names of the API's JSON (<c>meters[0].prices[2].tiers[1].upTo</c>), which rule, and a sentence for a person.</summary>
public readonly record struct Fault(string Path, string Code, string Message);

/// <summary>The rules a field can break, as the API names them.</summary>
public static class FaultCodes
{
    public const string Required = "required";
    public const string BadFormat = "bad_format";
    public const string OutOfRange = "out_of_range";
    public const string TooLong = "too_long";
    public const string TooMany = "too_many";
    public const string TooPrecise = "too_precise";
    public const string Duplicate = "duplicate";

    /// <summary>Two fields that exclude each other, or a field its surroundings have no use for.</summary>
    public const string Conflict = "conflict";

    public const string NotRising = "not_rising";

    /// <summary>Quantities that no tier holds.</summary>
    public const string Gap = "gap";

    public const string InPast = "in_past";
}
