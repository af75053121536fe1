using Metering.Core.Encoding;
using Metering.Core.Grants;

namespace Metering.Core.Policies;

/// <summary>The rules of a policy that can be watched before they bite. The numbers are encoded: they never change meaning.</summary>
public enum PolicyRule
{
    AllowedMeters = 0,
    BlockedMeters = 1,
    RequiredDimensions = 2,
    MaximumCreditsPerCharge = 3,
    RateLimits = 4,
    Frozen = 5,
}

/// <summary>Governance rules of an account.</summary>
public sealed record PolicyTerms
{
    /// <summary>Everything is allowed.</summary>
    public static PolicyTerms None { get; } = new() { Allowed = MeterPatterns.All, Blocked = MeterPatterns.All, RequiredDimensions = [], RateLimits = [], Shadow = [] };

    /// <summary>Meters that may be used; none named means all.</summary>
    public required MeterPatterns Allowed { get; init; }

    /// <summary>Meters that may not be used; none named means none.</summary>
    public required MeterPatterns Blocked { get; init; }

    public required IReadOnlyList<string> RequiredDimensions { get; init; }

    /// <summary>Above zero.</summary>
    public Credits? MaximumCreditsPerCharge { get; init; }

    public required IReadOnlyList<RateLimit> RateLimits { get; init; }
    public bool Frozen { get; init; }

    /// <summary>Rules that are counted, not applied; rising, each once.</summary>
    public required IReadOnlyList<PolicyRule> Shadow { get; init; }

    public bool SaysTheSameAs(PolicyTerms other) =>
        (Frozen, MaximumCreditsPerCharge) == (other.Frozen, other.MaximumCreditsPerCharge)
        && Allowed.Equals(other.Allowed) && Blocked.Equals(other.Blocked)
        && RequiredDimensions.SequenceEqual(other.RequiredDimensions) && RateLimits.SequenceEqual(other.RateLimits) && Shadow.SequenceEqual(other.Shadow);

    internal bool IsShadow(PolicyRule rule)
    {
        foreach (var shadow in Shadow)
        {
            if (shadow == rule)
            {
                return true;
            }
        }

        return false;
    }

    internal void Write(ByteWriter writer)
    {
        Allowed.Write(writer);
        Blocked.Write(writer);
        writer.Count(RequiredDimensions.Count);
        foreach (var dimension in RequiredDimensions)
        {
            writer.Text(dimension);
        }

        writer.Flag(MaximumCreditsPerCharge is not null);
        if (MaximumCreditsPerCharge is { } maximum)
        {
            writer.Amount(maximum);
        }

        writer.Count(RateLimits.Count);
        foreach (var limit in RateLimits)
        {
            writer.Text(limit.Meter);
            writer.Amount(limit.Quantity);
            writer.Number(limit.PerSeconds);
            writer.Amount(limit.Burst);
        }

        writer.Flag(Frozen);
        writer.Count(Shadow.Count);
        foreach (var rule in Shadow)
        {
            writer.Byte((byte)rule);
        }
    }

    internal static PolicyTerms Read(ref ByteReader reader)
    {
        var allowed = MeterPatterns.Read(ref reader);
        var blocked = MeterPatterns.Read(ref reader);
        var dimensions = new string[reader.Count()];
        for (var i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = reader.Text();
        }

        Credits? maximum = reader.Flag() ? reader.Credits() : null;
        var limits = new RateLimit[reader.Count()];
        for (var i = 0; i < limits.Length; i++)
        {
            limits[i] = new RateLimit(reader.Text(), reader.Quantity(), reader.Small(), reader.Quantity());
        }

        var frozen = reader.Flag();
        var shadow = new PolicyRule[reader.Count()];
        for (var i = 0; i < shadow.Length; i++)
        {
            shadow[i] = reader.Enum<PolicyRule>();
        }

        return new PolicyTerms
        {
            Allowed = allowed,
            Blocked = blocked,
            RequiredDimensions = dimensions,
            MaximumCreditsPerCharge = maximum,
            RateLimits = limits,
            Frozen = frozen,
            Shadow = shadow,
        };
    }
}
