namespace Metering.LoadTest.Run;

/// <summary>What each account was charged as far as the answers say: how often, how many credits, and how much usage by price.</summary>
internal sealed class AccountTotals
{
    private readonly UsagePattern _pattern;
    private readonly long[] _charges;
    private readonly long[] _nanocredits;
    private readonly long[] _quantities;
    private readonly long[] _untold;

    public AccountTotals(int accounts, UsagePattern pattern)
    {
        _pattern = pattern;
        _charges = new long[accounts];
        _nanocredits = new long[accounts];
        _untold = new long[accounts];

        // With one usage its quantity follows from the number of charges.
        _quantities = pattern.Usages.Count == 1 ? [] : new long[accounts * pattern.Prices.Count];
    }

    public int Accounts => _charges.Length;

    public long Charges(int account) => Volatile.Read(ref _charges[account]);

    public long AllCharges => _charges.Sum();

    /// <summary>Charges of which the account could not tell any more whether it has them: it may have each, or not.</summary>
    public long Untold(int account) => Volatile.Read(ref _untold[account]);

    public long AllUntold => _untold.Sum();

    /// <summary>Credits charged, as the answers said.</summary>
    public decimal Credits(int account) => Volatile.Read(ref _nanocredits[account]) / 1_000_000_000m;

    /// <summary>What the published card says that the acknowledged usage costs: nothing of it comes from the answers' credits.</summary>
    public decimal Expected(int account) => Enumerable.Range(0, _pattern.Prices.Count).Sum(price => _pattern.Prices[price].Total(Quantity(account, price)).Credits);

    public void Add(int account, int usage, long nanocredits)
    {
        Interlocked.Increment(ref _charges[account]);
        Interlocked.Add(ref _nanocredits[account], nanocredits);
        if (_quantities.Length > 0)
        {
            foreach (var line in _pattern.Usages[usage].Lines)
            {
                Interlocked.Add(ref _quantities[(account * _pattern.Prices.Count) + line.Price], line.Quantity);
            }
        }
    }

    public void AddUntold(int account) => Interlocked.Increment(ref _untold[account]);

    /// <summary>Adds what another process counted.</summary>
    public void Add(TotalsMessage other)
    {
        Add(_charges, other.Charges);
        Add(_nanocredits, other.Nanocredits);
        Add(_quantities, other.Quantities);
        Add(_untold, other.Untold);
    }

    public TotalsMessage ToMessage() => new(Pack(_charges), Pack(_nanocredits), Pack(_quantities), Pack(_untold));

    private decimal Quantity(int account, int price) => _quantities.Length > 0
        ? _quantities[(account * _pattern.Prices.Count) + price]
        : Charges(account) * _pattern.Usages[0].Lines.Where(line => line.Price == price).Sum(line => line.Quantity);

    private static void Add(long[] to, byte[] packed)
    {
        if (packed.Length != to.Length * sizeof(long))
        {
            throw new LoadException("Another process of the run counts other accounts or prices than this one.");
        }

        for (var i = 0; i < to.Length; i++)
        {
            to[i] += BitConverter.ToInt64(packed, i * sizeof(long));
        }
    }

    private static byte[] Pack(long[] numbers)
    {
        var bytes = new byte[numbers.Length * sizeof(long)];
        Buffer.BlockCopy(numbers, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}

/// <summary>The same between processes.</summary>
internal sealed record TotalsMessage(byte[] Charges, byte[] Nanocredits, byte[] Quantities, byte[] Untold);
