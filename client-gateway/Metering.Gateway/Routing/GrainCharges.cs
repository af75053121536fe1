using Metering.Contracts;
using Metering.Gateway.Routing.Lanes;

namespace Metering.Gateway.Routing;

/// <summary>
/// Takes charges to their accounts: with others' by the silo's own way in or by the lanes, and what is left on those ways by ordinary calls. None is told a refusal while another attempt of it
/// may yet be done (<see cref="Doubt"/>).
/// </summary>
internal sealed class GrainCharges(GrainCalls calls, AccountGrains accounts, ISilos silos, RetryBudget budget, FailureLog failures, TimeProvider time)
{
    /// <summary>How often to look whether a silo in doubt is gone.</summary>
    private static readonly TimeSpan DoubtCheck = TimeSpan.FromMilliseconds(25);

    /// <summary>Accounts woken at the same time to ask them again.</summary>
    private const int MaxWokenAtOnce = 64;

    /// <summary>For charges that are sent from now on: when all of it has taken long enough.</summary>
    public Deadline Begin() => calls.Begin();

    public Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge) => silos switch
    {
        { WhyNotFound: null, Charges: { } charges } =>
            calls.Send(
                account,
                Repetition.UnderItsId,
                charges,
                (account, charge),
                static (it, elapsed) => (it.account, it.charge.Again(elapsed)),
                static (charges, it) => charges.Charge(it.account, it.charge),
                calls.Attempt,
                calls.Begin()),
        { WhyNotFound: null, Lanes: { } lanes } => Charge(account, charge, lanes, calls.Begin()),
        _ => Charge(account, charge, calls.Begin()),
    };

    /// <summary>
    /// Tries charges of many accounts at once. What is left is unanswered: the caller sends it account by account, by
    /// <see cref="ChargeMany"/>.
    /// </summary>
    /// <returns>Null when there is no answer for any.</returns>
    public async Task<SentCharges?> TryChargeMany(RoutedCharge[] charges, Deadline deadline)
    {
        if (silos is { WhyNotFound: null, Lanes: { } lanes })
        {
            return await Charge(charges, lanes, deadline);
        }

        if (silos is not { WhyNotFound: null, Charges: { } router })
        {
            return null;
        }

        try
        {
            return new SentCharges(await router.Charge(charges).WaitAsync(deadline.Within(calls.Attempt), time), Doubt: null);
        }
        catch (Exception exception) when (SiloFailure.IsForeseen(exception))
        {
            return null;
        }
    }

    /// <summary>Charges of one account, in order: as many answers as charges. Only those without an answer are sent again.</summary>
    public async Task<IReadOnlyList<Answer<ChargeReply>>> ChargeMany(string account, IReadOnlyList<ChargeRequest> charges, Deadline deadline)
    {
        if (silos.WhyNotFound is { } reason)
        {
            var refusal = SiloFailure.NotFound(account, reason);
            return [.. charges.Select(_ => (Answer<ChargeReply>)refusal)];
        }

        var sending = new ChargeSending(charges);
        var grain = accounts.Of(account);
        var retrying = (Retrying?)null;
        try
        {
            while (true)
            {
                var mayPass = true;
                var failure = (Exception?)null;
                try
                {
                    // In a batch of many accounts the time may be over before the turn of one has come.
                    var left = deadline.Within(calls.Attempt);
                    calls.BeginAttempt(left);
                    var sent = left > TimeSpan.Zero ? grain.ChargeMany(sending.Unanswered) : throw new TimeoutException();
                    sending.Take(await sent.WaitAsync(left, time));
                }
                catch (Exception exception)
                {
                    failure = exception;
                    (var refusal, mayPass) = SiloFailure.Of(account, exception);
                    sending.Refuse(refusal);
                }

                if (sending.Unanswered.Count > 0 && mayPass)
                {
                    retrying ??= new Retrying(budget, deadline, time);
                    if (await retrying.Again(sending.RetryAfter))
                    {
                        sending.Again(deadline.Elapsed);
                        continue;
                    }
                }

                if (failure is not null)
                {
                    failures.GivenUp(failure);
                }

                return sending.Answers;
            }
        }
        finally
        {
            retrying?.Dispose();
        }
    }

    /// <summary>Asks again for charges that were refused in doubt, once another silo than those in doubt answers in their place.</summary>
    /// <returns>Their answers, which stand; null when the doubt is over for another reason, and ordinary calls are to ask.</returns>
    public async Task<Answer<ChargeReply>[]?> Resolve(RoutedCharge[] charges, Doubt doubt, Deadline deadline)
    {
        while (doubt.Left > TimeSpan.Zero)
        {
            if (silos.Lanes is { } lanes && lanes.AreGone(doubt.Silos) && await lanes.Charge(Array.ConvertAll(charges, charge => Again(charge, deadline)), deadline) is { } again)
            {
                if (Array.TrueForAll(again.Answers, answer => ChargeSending.IsAnswered(answer)))
                {
                    return again.Answers;
                }

                // Lanes leave accounts that sleep.
                var asleep = charges.Where((_, i) => again.Answers[i] is { Reply: null, Refusal: null }).Select(static routed => routed.Account).Distinct();
                await Task.WhenAll(asleep.Take(MaxWokenAtOnce).Select(account => Wake(account, deadline)));
            }

            if (deadline.Left <= DoubtCheck)
            {
                return Array.ConvertAll(charges, static routed => (Answer<ChargeReply>)SiloFailure.Unanswered(routed.Account));
            }

            await Task.Delay(DoubtCheck, time);
        }

        return null;
    }

    /// <summary>With others' charges, if that leads to an answer.</summary>
    private async Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge, ChargeLanes lanes, Deadline deadline)
    {
        var sent = await Charge([new RoutedCharge(account, charge)], lanes, deadline);
        var answer = sent?.Answers[0] ?? default;
        if (!ChargeSending.IsAnswered(answer))
        {
            // Where the lanes left it, it was not sent.
            answer = await Charge(account, answer.Refusal is null ? charge : charge.Again(deadline.Elapsed), deadline);
        }

        if (sent?.Doubt is not { } doubt || !doubt.IsAbout(0, answer))
        {
            return answer;
        }

        return await Resolve([new RoutedCharge(account, charge)], doubt, deadline) is { } again ? again[0] : await Charge(account, charge.Again(deadline.Elapsed), deadline);
    }

    /// <summary>Sends by the lanes, and again what a silo did not answer; what it left is for ordinary calls.</summary>
    private async Task<SentCharges?> Charge(RoutedCharge[] charges, ChargeLanes lanes, Deadline deadline)
    {
        if (await lanes.Charge(charges, deadline) is not { } first)
        {
            return null;
        }

        var answers = first.Answers;
        var inDoubt = new bool[answers.Length];
        var silos = new HashSet<SiloAddress>();
        var until = NoteUnheard(first, place => place, inDoubt, silos);
        using var retrying = new Retrying(budget, deadline, time);
        while (true)
        {
            var places = Enumerable.Range(0, answers.Length).Where(place => MayBeSentAgain(answers[place])).ToArray();
            if (places.Length == 0
                || !await retrying.Again(retryAfter: null)
                || await lanes.Charge(Array.ConvertAll(places, place => Again(charges[place], deadline)), deadline) is not { } again)
            {
                return new SentCharges(answers, until is { } end ? new Doubt(inDoubt, silos, end) : null);
            }

            for (var i = 0; i < places.Length; i++)
            {
                answers[places[i]] = again.Answers[i];
            }

            until = NoteUnheard(again, place => places[place], inDoubt, silos) ?? until;
        }
    }

    /// <returns>When the doubt is over that begins with these; null when there is none.</returns>
    private Deadline? NoteUnheard(LaneAnswers sent, Func<int, int> placeOf, bool[] inDoubt, HashSet<SiloAddress> silos)
    {
        if (sent.Unheard is not { } unheard)
        {
            return null;
        }

        for (var i = 0; i < unheard.Length; i++)
        {
            if (unheard[i] is { } silo)
            {
                inDoubt[placeOf(i)] = true;
                silos.Add(silo);
            }
        }

        return new Deadline(time, Doubt.LastsAfter(calls.Attempt));
    }

    private static RoutedCharge Again(RoutedCharge routed, Deadline deadline) => new(routed.Account, routed.Charge.Again(deadline.Elapsed));

    private static bool MayBeSentAgain(Answer<ChargeReply> answer) => answer.Refusal is { Code: Code.Unavailable };

    private Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge, Deadline deadline) =>
        silos.WhyNotFound is { } reason
            ? Task.FromResult<Answer<ChargeReply>>(SiloFailure.NotFound(account, reason))
            : calls.Send(
                account,
                Repetition.UnderItsId,
                accounts.Of(account),
                charge,
                static (charge, elapsed) => charge.Again(elapsed),
                static (grain, charge) => grain.Charge(charge),
                calls.Attempt,
                deadline);

    private Task<Answer<AccountView>> Wake(string account, Deadline deadline) =>
        calls.Ask(account, Repetition.Reading, 0, static (grain, _) => grain.Get(), calls.Attempt, deadline);
}
