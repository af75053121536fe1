namespace Metering.LoadTest.Run;

/// <summary>A server with accounts made for a plan: it can be put under load more than once, and is checked at the end.</summary>
internal sealed class LoadSession : IDisposable
{
    private const string Card = "default";
    private const int MaxApiConnections = 128;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    private readonly MeteringApi _api;
    private readonly PatientCaller _caller = new();
    private readonly LoadPlan _plan;
    private readonly LoadAccounts _accounts;
    private AccountState[] _before = [];

    private LoadSession(LoadPlan plan, MeteringApi api, UsagePattern pattern)
    {
        _plan = plan;
        _api = api;
        Pattern = pattern;
        Totals = new AccountTotals(plan.Accounts, pattern);
        _accounts = new LoadAccounts(api, _caller, plan);
    }

    public UsagePattern Pattern { get; }

    /// <summary>What all runs so far were answered.</summary>
    public AccountTotals Totals { get; }

    /// <summary>Reads the card. <see cref="PrepareAsync"/> makes the accounts.</summary>
    /// <exception cref="LoadException">The server cannot be reached, or has no card.</exception>
    public static async Task<LoadSession> OpenAsync(LoadPlan plan, CancellationToken cancellationToken)
    {
        var api = new MeteringApi(plan.Targets[0], MaxApiConnections, AnswerTimeout, plan.Key);
        try
        {
            var card = await ReadCardAsync(api, cancellationToken);
            return new LoadSession(plan, api, UsagePattern.Of(plan.TraceDirectory, card, oneLineEach: plan.Kind == CallKind.Events));
        }
        catch (Exception exception) when (exception is HttpRequestException)
        {
            api.Dispose();
            throw new LoadException($"Cannot reach {plan.Targets[0]}: {exception.Message}", exception);
        }
    }

    /// <summary>For a server that keeps no accounts: it can be put under load and not checked.</summary>
    public static LoadSession WithoutBooks(LoadPlan plan) =>
        new(plan, new MeteringApi(plan.Targets[0], MaxApiConnections, AnswerTimeout, plan.Key), UsagePattern.Unpriced);

    public async Task PrepareAsync(CancellationToken cancellationToken) => _before = await _accounts.PrepareAsync(cancellationToken);

    public async Task<LoadCheck> CheckAsync(CancellationToken cancellationToken) =>
        LoadCheck.Compare(_plan, Totals, _before, await _accounts.ReadAsync(cancellationToken));

    public void Dispose() => _api.Dispose();

    private static async Task<PublishedCard> ReadCardAsync(MeteringApi api, CancellationToken cancellationToken)
    {
        var published = await api.GetRateCardAsync(Card, cancellationToken);
        if (!published.IsSuccess)
        {
            throw new LoadException($"Could not read the rate card: {published}");
        }

        // One that was just published takes effect a moment later, and the version before it would price differently.
        var card = PublishedCard.Read(published.Body);
        var untilEffective = card.EffectiveFrom - TimeProvider.System.GetUtcNow();
        if (untilEffective > TimeSpan.Zero)
        {
            await Task.Delay(untilEffective, cancellationToken);
        }

        return card;
    }
}
