namespace Metering.Grains;

/// <summary>How the keys are kept.</summary>
public sealed class KeyRingOptions
{
    /// <summary>
    /// How often an activation looks whether another has written: so long, and a second, a key that was revoked may live where two exist. Shorter than gateways believe keys without hearing of them.
    /// </summary>
    public TimeSpan StoreCheckInterval { get; set; } = TimeSpan.FromSeconds(3);
}
