using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>The silos behind this gateway: one in its own process, or those of a cluster.</summary>
internal interface ISilos
{
    /// <summary>Why no call can be sent yet, in one sentence; null when one can.</summary>
    string? WhyNotFound { get; }

    /// <summary>The way in for charges of many accounts at once; null when each account is called by itself.</summary>
    IChargeRouter? Charges { get; }

    /// <summary>Whether they are other processes, so that an attempt of a call may arrive long after its caller has turned away from it.</summary>
    bool AreElsewhere { get; }

    /// <summary>Completes when a silo has answered.</summary>
    Task Probe();
}
