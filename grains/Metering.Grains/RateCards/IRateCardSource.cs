using Metering.Contracts;

namespace Metering.Grains;

/// <summary>Where a silo's <see cref="RateCards"/> come from.</summary>
internal interface IRateCardSource
{
    /// <summary>All versions of a card above one, oldest first; none when there is no such card.</summary>
    Task<IReadOnlyList<RateCardView>> GetAfter(string card, int version);
}

internal sealed class RateCardGrainSource(IGrainFactory grains) : IRateCardSource
{
    public Task<IReadOnlyList<RateCardView>> GetAfter(string card, int version) => grains.GetGrain<IRateCardGrain>(card).GetAfter(version);
}
