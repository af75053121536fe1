namespace Metering.Core.Rollups;

/// <summary>What lines of usage add up to. Negative where more was given back than used.</summary>
/// <remarks>
/// In nanos of 128 bits, which hold 10¹¹ lines of the largest quantity there is. Halves rather than an <see cref="Int128"/>, whose alignment would pad the object that holds it.
/// </remarks>
internal struct UsageSum
{
    private ulong _quantityLower;
    private long _quantityUpper;
    private ulong _creditsLower;
    private long _creditsUpper;

    internal UsageSum(Int128 quantity, Int128 credits, long lines)
    {
        (Quantity, Credits, Lines) = (quantity, credits, lines);
    }

    /// <summary>In 10⁻⁹ units of the meter.</summary>
    internal Int128 Quantity
    {
        readonly get => new(unchecked((ulong)_quantityUpper), _quantityLower);
        private set => (_quantityUpper, _quantityLower) = unchecked(((long)(value >> 64), (ulong)value));
    }

    /// <summary>In nano-credits: what was taken less what was given back.</summary>
    internal Int128 Credits
    {
        readonly get => new(unchecked((ulong)_creditsUpper), _creditsLower);
        private set => (_creditsUpper, _creditsLower) = unchecked(((long)(value >> 64), (ulong)value));
    }

    /// <summary>Lines that were charged or settled; giving back takes none away.</summary>
    internal long Lines { get; private set; }

    internal void Add(Int128 quantity, Int128 credits, long lines)
    {
        Quantity = unchecked(Quantity + quantity);
        Credits = unchecked(Credits + credits);
        Lines = unchecked(Lines + lines);
    }

    internal void Add(UsageSum other) => Add(other.Quantity, other.Credits, other.Lines);
}
