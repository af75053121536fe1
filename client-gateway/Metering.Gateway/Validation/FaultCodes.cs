namespace Metering.Gateway.Validation;

/// <summary>The codes of a <see cref="Contracts.FieldFault"/> that the edges find by themselves.</summary>
internal static class FaultCodes
{
    public const string Required = "required";
    public const string UnknownField = "unknown_field";
    public const string WrongType = "wrong_type";
    public const string BadFormat = "bad_format";
    public const string OutOfRange = "out_of_range";
    public const string TooLong = "too_long";
    public const string TooMany = "too_many";
    public const string TooPrecise = "too_precise";
    public const string Duplicate = "duplicate";
    public const string Conflict = "conflict";
    public const string NotRising = "not_rising";
    public const string InPast = "in_past";
}
