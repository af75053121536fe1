using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>
/// Charges of one account on their way: what was answered stays, the rest is sent again in its order. <see cref="Code.Unavailable"/> is no answer as
/// long as there is time for another attempt.
/// </summary>
internal sealed class ChargeSending(IReadOnlyList<ChargeRequest> charges)
{
    /// <summary>Whatever comes after it, <see cref="Code.Unavailable"/> is no answer yet; nor is what a silo has left (<see cref="IChargeRouterService"/>).</summary>
    public static bool IsAnswered(Answer<ChargeReply> answer) => answer.Reply is not null || answer.Refusal is { Code: not Code.Unavailable };

    private readonly IReadOnlyList<ChargeRequest> _charges = charges;
    private IReadOnlyList<Answer<ChargeReply>>? _whole;
    private Answer<ChargeReply>[]? _answers;

    // Where the unanswered stood; null while they are all.
    private int[]? _places;

    /// <summary>What is to be sent next.</summary>
    public IReadOnlyList<ChargeRequest> Unanswered { get; private set; } = charges;

    /// <summary>One for each charge, in their order. Complete after the first <see cref="Take"/> or <see cref="Refuse"/>.</summary>
    public IReadOnlyList<Answer<ChargeReply>> Answers => _answers ?? _whole!;

    /// <summary>What the account asked for with the last answers, if it did.</summary>
    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>The answers to <see cref="Unanswered"/>.</summary>
    /// <exception cref="InvalidOperationException">They are not as many.</exception>
    public void Take(IReadOnlyList<Answer<ChargeReply>> answers)
    {
        if (answers.Count != Unanswered.Count)
        {
            throw new InvalidOperationException($"{Unanswered.Count} charges got {answers.Count} answers.");
        }

        var again = 0;
        RetryAfter = null;
        for (var i = 0; i < answers.Count; i++)
        {
            if (answers[i].Refusal is { Code: Code.Unavailable } refusal)
            {
                again++;
                RetryAfter = refusal.RetryAfter;
            }
        }

        if (again == 0 && _answers is null)
        {
            // Nearly always: nothing was left out, and nothing is copied.
            _whole = answers;
            Unanswered = [];
            return;
        }

        _answers ??= new Answer<ChargeReply>[_charges.Count];
        var unanswered = new ChargeRequest[again];
        var places = new int[again];
        var next = 0;
        for (var i = 0; i < answers.Count; i++)
        {
            var place = _places?[i] ?? i;
            _answers[place] = answers[i];
            if (answers[i].Refusal is { Code: Code.Unavailable })
            {
                (unanswered[next], places[next]) = (Unanswered[i], place);
                next++;
            }
        }

        (Unanswered, _places) = (unanswered, places);
    }

    /// <summary>What has no answer is sent again, so long after the first time.</summary>
    public void Again(TimeSpan later)
    {
        var again = new ChargeRequest[Unanswered.Count];
        for (var i = 0; i < again.Length; i++)
        {
            again[i] = _charges[_places?[i] ?? i].Again(later);
        }

        Unanswered = again;
    }

    /// <summary>No answers came: for now each of <see cref="Unanswered"/> is refused.</summary>
    public void Refuse(Refusal refusal)
    {
        RetryAfter = null;
        _answers ??= new Answer<ChargeReply>[_charges.Count];
        for (var i = 0; i < Unanswered.Count; i++)
        {
            _answers[_places?[i] ?? i] = refusal;
        }
    }
}
