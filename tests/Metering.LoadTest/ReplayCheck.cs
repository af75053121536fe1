namespace Metering.LoadTest;

/// <summary>
/// What each account must have been charged, worked out from the trace and the published card alone: per account and price the sum of
/// the quantities, priced once. Nothing here comes from the answers of the server.
/// </summary>
internal sealed class ReplayCheck
{
    private readonly Dictionary<(int Account, string Price), decimal> _quantities = [];
    private readonly Dictionary<string, PublishedPrice> _prices = [];

    /// <exception cref="ReplayException">The card has no price for a line of the trace.</exception>
    public ReplayCheck(Trace trace, int accounts, PublishedCard card)
    {
        foreach (var call in trace.Calls)
        {
            var account = Trace.AccountOf(call, accounts);
            foreach (var (kind, tokens) in call.Usage)
            {
                var dimensions = new Dictionary<string, string> { ["service"] = call.Service, ["kind"] = kind };
                var price = card.PriceOf(TraceCall.Meter, dimensions)
                    ?? throw new ReplayException($"The published rate card has no price for {TraceCall.Meter} of service {call.Service}, kind {kind}.");
                _prices[price.Id] = price;
                _quantities[(account, price.Id)] = _quantities.GetValueOrDefault((account, price.Id)) + tokens;
            }
        }

        Expected = [.. Enumerable.Range(0, accounts).Select(ExpectedOf)];
    }

    /// <summary>Credits by account.</summary>
    public IReadOnlyList<decimal> Expected { get; }

    public IEnumerable<PriceTotal> Totals() =>
        from quantity in _quantities
        let total = _prices[quantity.Key.Price].Total(quantity.Value)
        group (quantity.Value, total.Credits, total.Tier) by quantity.Key.Price into price
        orderby price.Key
        select new PriceTotal(
            price.Key,
            price.Count(),
            price.Sum(line => line.Value),
            price.Min(line => line.Tier),
            price.Max(line => line.Tier),
            price.Sum(line => line.Credits));

    private decimal ExpectedOf(int account) =>
        _prices.Values.Sum(price => _quantities.TryGetValue((account, price.Id), out var quantity) ? price.Total(quantity).Credits : 0m);
}

/// <summary>What one price comes to over all accounts, and the tiers their quantities ended in.</summary>
internal sealed record PriceTotal(string Price, int Accounts, decimal Quantity, int LowestTier, int HighestTier, decimal Credits);
