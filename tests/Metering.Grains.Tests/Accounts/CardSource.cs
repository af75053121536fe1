using Metering.Contracts;

namespace Metering.Grains.Tests.Accounts;

/// <summary>Where the silo's rate cards come from, when that is far away or not there.</summary>
internal sealed class CardSource : IRateCardSource
{
    /// <summary>The real one, once the silo is there.</summary>
    internal IRateCardSource Inner { get; set; } = null!;

    /// <summary>What asking fails with; null when it works.</summary>
    internal Func<Exception>? Failure { get; set; }

    /// <summary>What happens while a card is loaded for the first time.</summary>
    internal Action WhileLoading { get; set; } = static () => { };

    /// <summary>While true, refreshes in the background fail.</summary>
    internal bool OnlyLoads { get; set; }

    internal int Loads { get; private set; }

    public async Task<IReadOnlyList<RateCardView>> GetAfter(string card, int version)
    {
        if (version == 0)
        {
            Loads++;
            WhileLoading();
        }
        else if (OnlyLoads)
        {
            throw new TimeoutException("Refreshes fail.");
        }

        return Failure is { } failure ? throw failure() : await Inner.GetAfter(card, version);
    }
}
