using System.Buffers;

namespace Metering.Gateway.Validation;

/// <summary>The rules that fields of many messages share: names, texts, amounts, pairs.</summary>
internal static class Shape
{
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");

    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"u8);

    public static bool IsName(ReadOnlySpan<char> text, int maxLength = Limits.MaxNameLength) =>
        text.Length >= 1 && text.Length <= maxLength && !text.ContainsAnyExcept(NameCharacters);

    /// <summary>As <see cref="IsName(ReadOnlySpan{char}, int)"/>, of UTF-8: what is one has only ASCII.</summary>
    public static bool IsName(ReadOnlySpan<byte> text, int maxLength = Limits.MaxNameLength) =>
        text.Length >= 1 && text.Length <= maxLength && !text.ContainsAnyExcept(NameBytes);

    public static void Name(Faults faults, string field, string name, int maxLength = Limits.MaxNameLength)
    {
        if (!IsName(name, maxLength))
        {
            faults.Enter(field);
            NameHere(faults, name, maxLength);
            faults.Leave();
        }
    }

    /// <summary>As <see cref="Name"/>, for an element of a list.</summary>
    public static void NameHere(Faults faults, string name, int maxLength = Limits.MaxNameLength)
    {
        if (IsName(name, maxLength))
        {
            return;
        }

        if (name.Length == 0)
        {
            faults.AddHere(FaultCodes.Required, "It must be given.");
        }
        else if (name.Length > maxLength)
        {
            faults.AddHere(FaultCodes.TooLong, $"It may have at most {maxLength} characters.");
        }
        else
        {
            faults.AddHere(FaultCodes.BadFormat, "It may only have the characters A-Z a-z 0-9 . _ : -");
        }
    }

    /// <summary>A name, or a prefix of one (perhaps empty) and <c>*</c>.</summary>
    public static void Pattern(Faults faults, string pattern)
    {
        var prefix = pattern.EndsWith('*') ? pattern.AsSpan(0, pattern.Length - 1) : pattern;
        if (pattern.Length > Limits.MaxNameLength)
        {
            faults.AddHere(FaultCodes.TooLong, $"It may have at most {Limits.MaxNameLength} characters.");
        }
        else if (pattern.Length == 0 || prefix.ContainsAnyExcept(NameCharacters))
        {
            faults.AddHere(FaultCodes.BadFormat, "It must be a name, or the beginning of one and then *.");
        }
    }

    /// <summary>At most <see cref="Limits.MaxPatterns"/> patterns; those past the limit are not judged.</summary>
    public static void Patterns(Faults faults, string field, IReadOnlyList<string> patterns)
    {
        Count(faults, field, patterns.Count, 0, Limits.MaxPatterns);
        faults.Enter(field);
        for (var i = 0; i < Math.Min(patterns.Count, Limits.MaxPatterns); i++)
        {
            faults.Enter(i);
            Pattern(faults, patterns[i]);
            faults.Leave();
        }

        faults.Leave();
    }

    public static void Text(Faults faults, string field, string text, int maxLength)
    {
        if (text.Length > maxLength)
        {
            faults.Add(field, FaultCodes.TooLong, $"It may have at most {maxLength} characters.");
        }
    }

    public static void Amount(Faults faults, string field, decimal? amount)
    {
        if (amount is not { } value)
        {
            return;
        }

        if (value is < 0m or > Limits.MaxAmount)
        {
            faults.Add(field, FaultCodes.OutOfRange, "It must be from 0 to 999999999999999999.999999999.");
        }
        else if (value.Scale > Limits.MaxDecimals && decimal.Round(value, Limits.MaxDecimals) != value)
        {
            faults.Add(field, FaultCodes.TooPrecise, "It may have at most 9 decimal places.");
        }
    }

    public static void AmountAboveZero(Faults faults, string field, decimal? amount)
    {
        Amount(faults, field, amount);
        if (amount == 0m)
        {
            faults.Add(field, FaultCodes.OutOfRange, "It must be above 0.");
        }
    }

    public static void WholeNumber(Faults faults, string field, long number, long least, long most)
    {
        if (number < least || number > most)
        {
            faults.Add(field, FaultCodes.OutOfRange, $"It must be from {least} to {most}.");
        }
    }

    public static void Count(Faults faults, string field, int count, int least, int most)
    {
        if (count < least)
        {
            faults.Add(field, FaultCodes.Required, "It must not be empty.");
        }
        else if (count > most)
        {
            faults.Add(field, FaultCodes.TooMany, $"It may have at most {most}.");
        }
    }

    public static void Dimensions(Faults faults, string field, IReadOnlyDictionary<string, string> dimensions)
    {
        if (dimensions.Count == 0)
        {
            return;
        }

        Count(faults, field, dimensions.Count, 0, Limits.MaxDimensions);
        faults.Enter(field);
        foreach (var (name, value) in dimensions)
        {
            Name(faults, name, name, Limits.MaxDimensionNameLength);
            Text(faults, name, value, Limits.MaxDimensionValueLength);
        }

        faults.Leave();
    }

    public static void Metadata(Faults faults, string field, IReadOnlyDictionary<string, string> metadata)
    {
        Count(faults, field, metadata.Count, 0, Limits.MaxMetadataPairs);
        faults.Enter(field);
        foreach (var (key, value) in metadata)
        {
            if (key.Length == 0)
            {
                faults.Add(key, FaultCodes.Required, "A key must not be empty.");
            }

            Text(faults, key, key, Limits.MaxMetadataKeyLength);
            Text(faults, key, value, Limits.MaxMetadataValueLength);
        }

        faults.Leave();
    }
}
