using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>Charges of which an attempt got no answer and may still be done, while another has been sent on another way.</summary>
/// <remarks>
/// <para>What was done is remembered by its id, so whichever comes second hears of the first. But a refusal is not remembered: the second attempt may overtake the first and be refused, and the
/// first, woken up when a grant has come, be charged after all. So a refusal of a charge in doubt is told to nobody; the charge is sent once more, and that answer stands. This is done when the
/// first attempt can do nothing any more:</para>
/// <para>Because the silo it was sent to is none of the cluster any more, and another one answers in its place. Only the silo that a message is for decides what is in it; it has lost its partitions for good
/// to the one that answers, and whatever it might still append is refused (one writer).</para>
/// <para>Or because the attempt has come too late for its account (<see cref="AttemptTime"/>), by whichever clock.</para>
/// </remarks>
/// <param name="places">Which of the charges.</param>
/// <param name="silos">Those that got the attempts.</param>
/// <param name="until">When attempts come too late.</param>
internal sealed class Doubt(bool[] places, IReadOnlySet<SiloAddress> silos, Deadline until)
{
    /// <summary>How long, from when an attempt failed: it may have been sent just before, and the silo's clock be late.</summary>
    public static TimeSpan LastsAfter(TimeSpan attempt) => attempt + (2 * AttemptTime.Grace);

    public IReadOnlySet<SiloAddress> Silos => silos;

    /// <summary>How long it lasts if the silos stay; zero when it is over.</summary>
    public TimeSpan Left => until.Left;

    /// <summary>Whether an answer cannot be told yet.</summary>
    public bool IsAbout(int place, Answer<ChargeReply> answer) => places[place] && answer.Refusal is not null && ChargeSending.IsAnswered(answer);

    /// <summary>The same, for charges that stand among others that were not sent.</summary>
    public Doubt Among(int count, Func<int, bool> wasSent)
    {
        var next = 0;
        return new Doubt([.. Enumerable.Range(0, count).Select(place => wasSent(place) && places[next++])], silos, until);
    }
}

/// <summary>What became of charges that were sent together.</summary>
/// <param name="Answers">Where their charges stood; as <see cref="ChargeSending.IsAnswered"/> tells, an answer or none yet.</param>
/// <param name="Doubt">Of which a refusal cannot be told yet, if any.</param>
internal sealed record SentCharges(Answer<ChargeReply>[] Answers, Doubt? Doubt);
