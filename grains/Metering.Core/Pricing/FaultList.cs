namespace Metering.Core.Pricing;

/// <summary>
/// Gathers the faults of a draft. It stops at <see cref="MaxFaults"/>: a body of a few megabytes can hold a million faults, and nobody
/// reads them.
/// </summary>
internal sealed class FaultList
{
    internal const int MaxFaults = 1_000;

    private readonly List<Fault> _faults = [];

    internal IReadOnlyList<Fault> Faults => _faults;

    internal void Add(string path, string code, string message)
    {
        if (_faults.Count < MaxFaults)
        {
            _faults.Add(new Fault(path, code, message));
        }
    }

    /// <summary>A number of 0 or more that must be there.</summary>
    internal void RequireAmount(string path, decimal? value)
    {
        if (value is null)
        {
            Add(path, FaultCodes.Required, "Must be given.");
        }

        CheckAmount(path, value);
    }

    /// <summary>A number of 0 or more that may be left out.</summary>
    internal void CheckAmount(string path, decimal? value)
    {
        if (value is < 0m)
        {
            Add(path, FaultCodes.OutOfRange, "Must not be negative.");
        }

        CheckDigits(path, value);
    }

    /// <summary>A number above 0 that may be left out.</summary>
    internal void CheckPositive(string path, decimal? value)
    {
        if (value is <= 0m)
        {
            Add(path, FaultCodes.OutOfRange, "Must be above 0.");
        }

        CheckDigits(path, value);
    }

    /// <summary>A field that has no meaning where it stands.</summary>
    internal void Forbid(string path, bool given, string message)
    {
        if (given)
        {
            Add(path, FaultCodes.Conflict, message);
        }
    }

    internal void RequireName(string path, string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            Add(path, FaultCodes.Required, "Must be given.");
        }
        else if (name.Length > Names.MaxLength)
        {
            Add(path, FaultCodes.TooLong, $"Must have at most {Names.MaxLength} characters.");
        }
        else if (!Names.IsName(name))
        {
            Add(path, FaultCodes.BadFormat, "Must consist of A-Z a-z 0-9 . _ : -");
        }
    }

    private void CheckDigits(string path, decimal? value)
    {
        if (value is not { } number)
        {
            return;
        }

        if (number > FixedPoint.Max)
        {
            Add(path, FaultCodes.OutOfRange, $"Must be at most {FixedPoint.Format(FixedPoint.Max)}.");
        }

        if (!FixedPoint.IsExact(number))
        {
            Add(path, FaultCodes.TooPrecise, $"Must have at most {FixedPoint.Decimals} decimal places.");
        }
    }
}
