using Metering.LoadTest.Run;

namespace Metering.EndToEnd.Tests;

/// <summary>How the load test spreads its charges: a mix that is not what it says would make a slow server look fast.</summary>
public sealed class AccountMixTests
{
    private const int Draws = 400_000;

    [Fact]
    public void Of_a_Zipf_mix_each_account_gets_its_share_by_rank()
    {
        var counts = Draw(AccountMix.Zipf(accounts: 100, exponent: 1));
        var harmonic = Enumerable.Range(1, 100).Sum(rank => 1d / rank);
        foreach (var rank in new[] { 1, 2, 10, 100 })
        {
            var expected = Draws / (rank * harmonic);
            Assert.True(Math.Abs(counts[rank - 1] - expected) < 6 * Math.Sqrt(expected), $"Rank {rank} was drawn {counts[rank - 1]} times of {Draws}; {expected:F0} were expected.");
        }
    }

    [Theory]
    [InlineData("uniform", 1, 0.1)]
    [InlineData("one-hot", 1, 1)]
    [InlineData("one-hot", 0.4, 0.4)]
    public void The_first_account_gets_the_share_that_was_asked_for(string mix, double hotShare, double share)
    {
        var counts = Draw(AccountMix.Of(LoadCommand.Mixes[mix], accounts: 10, zipfExponent: 1, hotShare));
        Assert.True(Math.Abs(counts[0] - (Draws * share)) <= 6 * Math.Sqrt(Draws * share * (1 - share)), $"It was drawn {counts[0]} times of {Draws}.");
        Assert.Equal(Draws, counts.Sum());
    }

    private static int[] Draw(AccountMix mix)
    {
        var random = new Random(1);
        var counts = new int[100];
        for (var i = 0; i < Draws; i++)
        {
            counts[mix.Next(random)]++;
        }

        return counts;
    }
}
