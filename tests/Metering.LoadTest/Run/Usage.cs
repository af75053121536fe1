using System.Globalization;

namespace Metering.LoadTest.Run;

/// <summary>What one charge reports, and by which price each of its lines is charged.</summary>
internal sealed record Usage(IReadOnlyList<UsageLine> Lines);

/// <param name="Meter">The meter's name.</param>
/// <param name="Quantity">A whole quantity.</param>
/// <param name="Dimensions">What the price is chosen by.</param>
/// <param name="Price">Place of the price among <see cref="UsagePattern.Prices"/>.</param>
internal sealed record UsageLine(string Meter, long Quantity, IReadOnlyDictionary<string, string> Dimensions, int Price)
{
    public string QuantityText => Quantity.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The usages that charges take in turns: one token over and over, or the calls of a trace.</summary>
internal sealed class UsagePattern
{
    private UsagePattern(IReadOnlyList<Usage> usages, IReadOnlyList<PublishedPrice> prices)
    {
        Usages = usages;
        Prices = prices;
    }

    public IReadOnlyList<Usage> Usages { get; }

    /// <summary>Every price that a usage is charged by.</summary>
    public IReadOnlyList<PublishedPrice> Prices { get; }

    /// <summary>One token over and over, for a server that does not price.</summary>
    public static UsagePattern Unpriced { get; } = new([new Usage([new UsageLine(TraceCall.Meter, 1, new Dictionary<string, string>(), 0)])], []);

    /// <exception cref="LoadException">The card has no price for a usage.</exception>
    /// <exception cref="TraceException">The trace cannot be read.</exception>
    /// <param name="traceDirectory">Of a trace; null for one token over and over.</param>
    /// <param name="card">What the server prices by.</param>
    /// <param name="oneLineEach">Whether a charge has one line, so that each line of a call becomes a charge of its own: an event has but one.</param>
    public static UsagePattern Of(string? traceDirectory, PublishedCard card, bool oneLineEach)
    {
        var prices = new List<PublishedPrice>();
        if (traceDirectory is null)
        {
            return new([new Usage([Line("1", 1, [])])], prices);
        }

        var usages = Trace.Read(traceDirectory, limit: null).Calls
            .Select(call => new Usage([.. call.Usage.Select(usage =>
                Line($"service {call.Service}, kind {usage.Kind}", usage.Tokens, new() { ["service"] = call.Service, ["kind"] = usage.Kind }))]));
        return new([.. oneLineEach ? usages.SelectMany(usage => usage.Lines.Select(line => new Usage([line]))) : usages], prices);

        UsageLine Line(string what, long quantity, Dictionary<string, string> dimensions)
        {
            var price = card.PriceOf(TraceCall.Meter, dimensions)
                ?? throw new LoadException($"The published rate card has no price for {TraceCall.Meter}: {what}.");
            var place = prices.IndexOf(price);
            if (place < 0)
            {
                place = prices.Count;
                prices.Add(price);
            }

            return new UsageLine(TraceCall.Meter, quantity, dimensions, place);
        }
    }
}
