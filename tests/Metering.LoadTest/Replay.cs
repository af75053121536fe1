namespace Metering.LoadTest;

/// <summary>From the trace to the verdict: read, prepare, send, compare.</summary>
internal sealed class Replay(ReplayOptions options, ReplayReport report)
{
    private const string Card = "default";
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);
    private readonly PatientCaller _caller = new();

    /// <summary>True when every call was answered with a charge and every account agrees to the ninth decimal.</summary>
    /// <exception cref="TraceException">The trace cannot be read.</exception>
    /// <exception cref="ReplayException">The server cannot be reached, or does not let the replay go on.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var trace = Trace.Read(options.TraceDirectory, options.Limit);
        var run = options.Run ?? $"replay-{trace.Fingerprint}";
        report.Say($"{trace.Calls.Count:N0} calls from {options.TraceDirectory}, two lines each, to {options.Target}");
        report.Say($"run {run}: row r of a file goes to account r modulo {options.Accounts}");

        using var api = new MeteringApi(options.Target, options.Concurrency, AnswerTimeout, options.Key);
        await RequireReachableAsync(api, cancellationToken);
        var card = await FindCardAsync(api, cancellationToken);
        var check = new ReplayCheck(trace, options.Accounts, card);

        var accounts = new ReplayAccounts(api, _caller, run, options.Accounts);
        var before = await accounts.PrepareAsync(cancellationToken);
        var sending = new ReplayRun(trace, options, run, accounts, api, _caller);
        await report.FollowAsync(sending.SendAllAsync(cancellationToken), sending, trace.Calls.Count);
        report.ShowSpeed(sending, _caller.Retries);

        var after = await accounts.ReadBalancesAsync(cancellationToken);
        await RequireSameCardAsync(api, card, cancellationToken);
        var agree = report.ShowComparison(check, accounts, after);
        return TellReplayed(sending, trace.Calls.Count, before.SequenceEqual(after)) && agree && sending.Refused == 0;
    }

    private bool TellReplayed(ReplayRun sending, int calls, bool sameBalances)
    {
        if (sending.Replayed != calls)
        {
            return true;
        }

        report.Say(sameBalances
            ? $"Replayed: all {calls:N0}. No balance changed."
            : $"Replayed: all {calls:N0}, and yet balances changed.");
        return sameBalances;
    }

    private async Task RequireReachableAsync(MeteringApi api, CancellationToken cancellationToken)
    {
        try
        {
            var readiness = await api.GetReadinessAsync(cancellationToken);
            if (!readiness.IsSuccess)
            {
                throw new ReplayException($"The server at {options.Target} is not ready: {readiness}");
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new ReplayException($"Cannot reach {options.Target}: {exception.Message}", exception);
        }
    }

    private async Task<PublishedCard> FindCardAsync(MeteringApi api, CancellationToken cancellationToken)
    {
        var published = await _caller.CallAsync(token => api.GetRateCardAsync(Card, token), cancellationToken);
        if (!published.IsSuccess)
        {
            throw new ReplayException($"Could not read the rate card: {published}");
        }

        var card = PublishedCard.Read(published.Body);
        var untilEffective = card.EffectiveFrom - TimeProvider.System.GetUtcNow();
        if (untilEffective > TimeSpan.Zero)
        {
            report.Say($"Waiting for version {card.Version} of the card, which takes effect at {card.EffectiveFrom:O}.");
            await Task.Delay(untilEffective, cancellationToken);
        }

        return card;
    }

    private async Task RequireSameCardAsync(MeteringApi api, PublishedCard card, CancellationToken cancellationToken)
    {
        var latest = await _caller.CallAsync(token => api.GetRateCardAsync(Card, token), cancellationToken);
        if (!latest.IsSuccess || PublishedCard.Read(latest.Body).Version != card.Version)
        {
            throw new ReplayException($"The rate card changed during the replay (version {card.Version} at its start), so its charges cannot be checked.");
        }
    }
}
