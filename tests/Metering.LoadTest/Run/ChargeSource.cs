namespace Metering.LoadTest.Run;

/// <summary>Makes up the next charges: whose, what, and under which number. Those who send share nothing but the numbers.</summary>
internal sealed class ChargeSource(AccountMix mix, int usages, int seed)
{
    private long _next;
    private int _draws;

    public ChargeDraw NewDraw() => new(this, new Random(unchecked((seed * 7_919) + Interlocked.Increment(ref _draws))));

    /// <summary>Charges made up so far.</summary>
    public long Made => Volatile.Read(ref _next);

    public void Fill(Span<PlannedCharge> charges, Random random)
    {
        var first = Interlocked.Add(ref _next, charges.Length) - charges.Length;
        for (var i = 0; i < charges.Length; i++)
        {
            charges[i] = new PlannedCharge(mix.Next(random), (int)((first + i) % usages), first + i);
        }
    }
}

/// <summary>One sender's own chance; not for two threads at once.</summary>
internal sealed class ChargeDraw(ChargeSource source, Random random)
{
    public void Fill(Span<PlannedCharge> charges) => source.Fill(charges, random);
}
