namespace Metering.LoadTest.Run;

/// <summary>How charges spread over the accounts.</summary>
internal enum MixKind
{
    Uniform = 0,
    Zipf = 1,
    OneHot = 2,
}

/// <summary>
/// Draws accounts at random in constant time (Walker's alias method), so that choosing costs little beside sending. Account 0 is the busiest
/// of the skewed mixes. Same seed, same draws.
/// </summary>
internal sealed class AccountMix
{
    private readonly double[] _keep;
    private readonly int[] _alias;

    private AccountMix(double[] weights)
    {
        var count = weights.Length;
        var sum = weights.Sum();
        _keep = new double[count];
        _alias = new int[count];
        var scaled = Array.ConvertAll(weights, weight => weight * count / sum);
        var (below, above) = (new Stack<int>(), new Stack<int>());
        for (var i = 0; i < count; i++)
        {
            (scaled[i] < 1 ? below : above).Push(i);
        }

        while (below.Count > 0 && above.Count > 0)
        {
            var (poor, rich) = (below.Pop(), above.Pop());
            _keep[poor] = scaled[poor];
            _alias[poor] = rich;
            scaled[rich] -= 1 - scaled[poor];
            (scaled[rich] < 1 ? below : above).Push(rich);
        }

        foreach (var rest in below.Concat(above))
        {
            _keep[rest] = 1;
        }
    }

    public static AccountMix Of(LoadPlan plan) => Of(plan.Mix, plan.Accounts, plan.ZipfExponent, plan.HotShare);

    /// <param name="mix">Which.</param>
    /// <param name="accounts">How many; at least 1.</param>
    /// <param name="zipfExponent">Above 0.</param>
    /// <param name="hotShare">Above 0, at most 1.</param>
    public static AccountMix Of(MixKind mix, int accounts, double zipfExponent, double hotShare) => mix switch
    {
        MixKind.Uniform => new([.. Enumerable.Repeat(1d, accounts)]),
        MixKind.Zipf => Zipf(accounts, zipfExponent),
        MixKind.OneHot => new([accounts == 1 ? 1 : hotShare, .. Enumerable.Repeat((1 - hotShare) / Math.Max(accounts - 1, 1), accounts - 1)]),
    };

    public static AccountMix Zipf(int accounts, double exponent) => new([.. Enumerable.Range(1, accounts).Select(rank => Math.Pow(rank, -exponent))]);

    public int Next(Random random)
    {
        var place = random.Next(_keep.Length);
        return random.NextDouble() < _keep[place] ? place : _alias[place];
    }
}
