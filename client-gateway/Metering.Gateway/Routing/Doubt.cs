using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>Charges of which an attempt got no answer and may still be done, while another has been sent on another way.</summary>
/// <remarks>
/// What was done is remembered by its id, so whichever comes second hears of the first. But a refusal is not remembered: the second attempt may overtake the first and be refused, and the
/// first, woken up when a grant has come, be charged after all. So a refusal of a charge in doubt is told to nobody. When the first attempt has come too late for its account
/// (<see cref="AttemptTime"/>), by whichever clock, the charge is sent once more, and that answer stands.
/// </remarks>
/// <param name="places">Which of the charges.</param>
/// <param name="until">When it is over.</param>
/// <param name="time">The clock.</param>
internal sealed class Doubt(bool[] places, Deadline until, TimeProvider time)
{
    /// <summary>How long, from when an attempt failed: it may have been sent just before, and the silo's clock be late.</summary>
    public static TimeSpan LastsAfter(TimeSpan attempt) => attempt + (2 * AttemptTime.Grace);

    /// <summary>Whether an answer cannot be told yet.</summary>
    public bool IsAbout(int place, Answer<ChargeReply> answer) => places[place] && answer.Refusal is not null && ChargeSending.IsAnswered(answer);

    /// <summary>The same, for charges that stand among others that were not sent.</summary>
    public Doubt Among(int count, Func<int, bool> wasSent)
    {
        var next = 0;
        return new Doubt([.. Enumerable.Range(0, count).Select(place => wasSent(place) && places[next++])], until, time);
    }

    /// <summary>Waits until it is over; false when the caller's time is over before.</summary>
    public async ValueTask<bool> IsOver(Deadline deadline)
    {
        var left = until.Left;
        if (left >= deadline.Left)
        {
            return false;
        }

        await Task.Delay(left, time);
        return true;
    }
}

/// <summary>What became of charges that were sent together.</summary>
/// <param name="Answers">Where their charges stood; as <see cref="ChargeSending.IsAnswered"/> tells, an answer or none yet.</param>
/// <param name="Doubt">Of which a refusal cannot be told yet, if any.</param>
internal sealed record SentCharges(Answer<ChargeReply>[] Answers, Doubt? Doubt);
