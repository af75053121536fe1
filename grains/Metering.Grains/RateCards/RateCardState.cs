namespace Metering.Grains;

/// <summary>A card as it is stored: all versions, oldest first.</summary>
[GenerateSerializer, Alias("metering.RateCardState")]
public sealed class RateCardState
{
    [Id(0)] public List<StoredRateCardVersion> Versions { get; set; } = [];
}

/// <summary>One published version. It never changes.</summary>
[GenerateSerializer, Alias("metering.StoredRateCardVersion")]
public sealed class StoredRateCardVersion
{
    [Id(0)] public int Version { get; set; }
    [Id(1)] public DateTimeOffset EffectiveFrom { get; set; }
    [Id(2)] public DateTimeOffset PublishedAt { get; set; }
    [Id(3)] public string ContentHash { get; set; } = "";

    /// <summary>
    /// The <see cref="Contracts.RateCardDraft"/> as it was published, in Orleans' own encoding: fields go by number, so a later release reads
    /// it, and no storage provider's serializer has a say in what a null or a missing list means.
    /// </summary>
    [Id(4)] public byte[] Draft { get; set; } = [];
}
