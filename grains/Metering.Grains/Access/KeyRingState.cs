namespace Metering.Grains;

/// <summary>The keys as they are stored.</summary>
[GenerateSerializer, Alias("metering.KeyRingState")]
public sealed class KeyRingState
{
    /// <summary>
    /// A <see cref="Contracts.KeyRing"/> in Orleans' own encoding, for the reason that <see cref="StoredRateCardVersion.Draft"/> is. Empty before the first change.
    /// </summary>
    [Id(0)] public byte[] Ring { get; set; } = [];
}
