namespace Metering.Silo.Health;

/// <summary>What a silo is good for at a moment.</summary>
internal enum Readiness
{
    /// <summary>It serves.</summary>
    Ready = 0,

    /// <summary>It serves, and something needs an operator's eye.</summary>
    Degraded = 1,

    /// <summary>It cannot serve.</summary>
    NotReady = 2,
}

/// <param name="Readiness">The worst of what was found.</param>
/// <param name="Reasons">Why it is not <see cref="Readiness.Ready"/>; each one line.</param>
internal sealed record HealthState(Readiness Readiness, IReadOnlyList<string> Reasons);
