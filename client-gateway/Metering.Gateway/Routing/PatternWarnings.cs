using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>A reply, and what its caller may not have meant.</summary>
internal sealed record Warned<T>(T Reply, IReadOnlyList<string> Warnings)
    where T : class;

/// <summary>
/// Tells of patterns that fit no meter of the account's rate card: perhaps a meter yet to come, perhaps a misspelling that makes a budget
/// count nothing. They are taken either way. What was asked is done by then, so a card that cannot be read in time is no failure: nothing is
/// told.
/// </summary>
internal sealed class PatternWarnings(GrainRouter router, TimeProvider time)
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(1);

    /// <param name="account">The account.</param>
    /// <param name="answer">The answer to tell it with.</param>
    /// <param name="patterns">As they were sent; without any, nothing is asked.</param>
    public async Task<Answer<Warned<T>>> Add<T>(string account, Answer<T> answer, IEnumerable<string> patterns)
        where T : class
    {
        if (answer.Reply is not { } reply)
        {
            return answer.Refusal!;
        }

        var distinct = patterns.Distinct(StringComparer.Ordinal).ToList();
        return new Warned<T>(reply, distinct.Count == 0 ? [] : await Find(account, distinct));
    }

    private async Task<IReadOnlyList<string>> Find(string account, List<string> patterns)
    {
        try
        {
            return await Read(account, patterns).WaitAsync(MaxWait, time);
        }
        catch (TimeoutException)
        {
            return [];
        }
    }

    private async Task<IReadOnlyList<string>> Read(string account, List<string> patterns)
    {
        var read = await router.GetAccount(account);
        if (read.Reply is not { } view || (await router.GetRateCard(view.Settings.RateCard, version: null)).Reply is not { } card)
        {
            return [];
        }

        return
        [
            .. patterns
                .Where(pattern => !card.Card.Meters.Any(meter => Fits(pattern, meter.Meter)))
                .Select(pattern => $"{pattern} fits no meter of the rate card {card.Id}."),
        ];
    }

    private static bool Fits(string pattern, string meter) =>
        pattern.EndsWith('*') ? meter.AsSpan().StartsWith(pattern.AsSpan(..^1), StringComparison.Ordinal) : meter == pattern;
}
