using Metering.Contracts;
using Metering.Gateway.Routing.Lanes;

namespace Metering.Gateway.Routing;

/// <summary>The silos behind this gateway: one in its own process, or those of a cluster.</summary>
internal interface ISilos
{
    /// <summary>Why no call can be sent yet, in one sentence; null when one can.</summary>
    string? WhyNotFound { get; }

    /// <summary>The way in for charges of many accounts at once, when the silo is in this process.</summary>
    IChargeRouter? Charges { get; }

    /// <summary>The ways in for charges of many accounts at once, when silos are elsewhere.</summary>
    ChargeLanes? Lanes { get; }

    /// <summary>Whether they are other processes, so that an attempt of a call may arrive long after its caller has turned away from it.</summary>
    bool AreElsewhere { get; }

    /// <summary>Completes when a silo has answered.</summary>
    Task Probe();
}
