using System.Globalization;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// An account as its callers know it: what they put in, what they were told they used. Prices are those of the sample card and
/// worked out by hand: 0.00006 credits a token, 1 credit for each started million of calls.
/// </summary>
internal sealed class CallerAccount(string name, string mode, string meter, int maxQuantity, decimal grant)
{
    public const string Tokens = "llm.tokens";
    public const string Calls = "api.calls";

    private const decimal CreditsPerToken = 0.00006m;
    private const decimal CallsPerCredit = 1_000_000m;
    private readonly List<long> _otherSequences = [];

    public string Name => name;

    public string Mode => mode;

    public string Meter => meter;

    public int MaxQuantity => maxQuantity;

    public decimal Granted { get; private set; }

    /// <summary>Sequences of the entries that are not charges.</summary>
    public IReadOnlyList<long> OtherSequences => _otherSequences;

    public async Task CreateAsync(MeteringApi api, CancellationToken cancellationToken)
    {
        // A year: the counter of calls must not begin anew while the test runs.
        var period = new { every = "year", anchor = "2026-01-01T00:00:00Z" };
        var reply = await api.PutAccountAsync(name, new { period }, cancellationToken);
        Assert.True(reply.IsSuccess, $"{name} could not be created: {reply}");
        _otherSequences.AddRange(Enumerable.Range(1, (int)reply.Sequence).Select(sequence => (long)sequence));
    }

    public async Task TopUpAsync(MeteringApi api, string id, CancellationToken cancellationToken)
    {
        var amount = grant.ToString(CultureInfo.InvariantCulture);
        var reply = await api.AddGrantAsync(name, new { id, amount }, cancellationToken);
        Assert.True(reply.IsSuccess, $"{name} could not be topped up: {reply}");
        Granted += grant;
        _otherSequences.Add(reply.Sequence);
    }

    /// <summary>What one charge must cost, covered or not; null where it depends on the charges before it.</summary>
    public decimal? PriceOf(int quantity) => meter == Tokens ? quantity * CreditsPerToken : null;

    /// <summary>What all charges must cost together, covered or not.</summary>
    public decimal PriceOfAll(long quantity) =>
        meter == Tokens ? quantity * CreditsPerToken : decimal.Ceiling(quantity / CallsPerCredit);
}
