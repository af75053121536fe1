using Metering.Contracts;
using Metering.Gateway.Routing.Lanes;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>
/// Takes well-formed requests to the grains that own them, and takes them there again while a silo is away, within the caller's time
/// (<see cref="Retrying"/>). Every attempt is the same request with the same id; why each may be repeated stands beside it
/// (<see cref="Repetition"/>). What cannot be answered even so becomes a refusal here, once, for both edges (<see cref="SiloFailure"/>).
/// </summary>
/// <remarks>
/// An attempt whose time is over is not waited for, and may still be done (not for long: <see cref="AttemptTime"/>): its repetition then hears what it did. Only one attempt of a call is
/// waited for at a time, and Orleans lets go of the others when their own time is over, so they do not pile up.
/// </remarks>
internal sealed class GrainRouter(
    IGrainFactory grains, AccountGrains accounts, ISilos silos, RetryBudget budget, FailureLog failures, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <summary>Reading segments may take a while, and to ask again would only make it longer.</summary>
    private static readonly TimeSpan LedgerTime = TimeSpan.FromSeconds(20);

    /// <summary>How often to look whether a silo in doubt is gone.</summary>
    private static readonly TimeSpan DoubtCheck = TimeSpan.FromMilliseconds(25);

    /// <summary>Accounts woken at the same time to ask them again.</summary>
    private const int MaxWokenAtOnce = 64;

    private readonly TimeSpan _attempt = options.Value.SiloTimeout;
    private readonly TimeSpan _request = options.Value.RequestTimeout;

    // Publishing and listing read and write a store within the call, which a silo in good health may take longer for.
    private readonly TimeSpan _storeAttempt = TimeSpan.FromTicks(Math.Max(options.Value.SiloTimeout.Ticks, options.Value.RequestTimeout.Ticks / 3));

    public Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge) => silos switch
    {
        { WhyNotFound: null, Charges: { } charges } =>
            Send(account, Repetition.UnderItsId, charges, (account, charge), static (charges, it) => charges.Charge(it.account, it.charge), _attempt, Begin()),
        { WhyNotFound: null, Lanes: { } lanes } => Charge(account, charge, lanes, Begin()),
        _ => Charge(account, charge, Begin()),
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
            return new SentCharges(await router.Charge(charges).WaitAsync(deadline.Within(_attempt), time), Doubt: null);
        }
        catch (Exception exception) when (SiloFailure.IsForeseen(exception))
        {
            return null;
        }
    }

    public async Task<Answer<QuoteReply>> Quote(string account, ChargeRequest charge, RateCardDraft? draft)
    {
        var answer = await Ask(account, Repetition.Reading, (charge, draft), static (grain, it) => grain.Quote(it.charge, it.draft));

        // The grain finds faults in the draft, by their paths in it; in this body the draft has a field of its own.
        return draft is not null && answer.Refusal is { Code: Code.InvalidRequest, Errors.Count: > 0 } refusal
            ? Refusal.Invalid([.. refusal.Errors.Select(fault => fault with { Path = $"rateCard.{fault.Path}" })])
            : answer;
    }

    public Task<Answer<ChargeView>> GetCharge(string account, string id) =>
        Ask(account, Repetition.Reading, id, static (grain, id) => grain.GetCharge(id));

    public Task<Answer<AccountView>> PutAccount(string account, AccountRequest settings) =>
        Ask(account, Repetition.Replacing, settings, static (grain, settings) => grain.Put(settings));

    public Task<Answer<AccountView>> GetAccount(string account) => GetAccount(account, Begin());

    public Task<Answer<AccountView>> GetAccount(string account, Deadline deadline) =>
        Ask(account, Repetition.Reading, 0, static (grain, _) => grain.Get(), _attempt, deadline);

    public Task<Answer<GrantReply>> AddGrant(string account, GrantRequest grant) =>
        Ask(account, Repetition.UnderItsId, grant, static (grain, grant) => grain.AddGrant(grant));

    public Task<Answer<GrantReply>> VoidGrant(string account, string grant) =>
        Ask(account, Repetition.Ending, grant, static (grain, grant) => grain.VoidGrant(grant));

    public Task<Answer<HoldReply>> PlaceHold(string account, HoldRequest hold) =>
        Ask(account, Repetition.UnderItsId, hold, static (grain, hold) => grain.PlaceHold(hold));

    public Task<Answer<SettleReply>> Settle(string account, SettleRequest settle) =>
        Ask(account, Repetition.UnderItsId, settle, static (grain, settle) => grain.Settle(settle));

    public Task<Answer<SettleReply>> Release(string account, ReleaseRequest release) =>
        Ask(account, Repetition.UnderItsId, release, static (grain, release) => grain.Release(release));

    public Task<Answer<ReversalReply>> Reverse(string account, ReversalRequest reversal) =>
        Ask(account, Repetition.UnderItsId, reversal, static (grain, reversal) => grain.Reverse(reversal));

    public Task<Answer<BudgetView>> PutBudget(string account, BudgetRequest budget) =>
        Ask(account, Repetition.Replacing, budget, static (grain, budget) => grain.PutBudget(budget));

    // Once it is removed there is no such budget, and that is what a second attempt would hear.
    public Task<Answer<BudgetView>> DeleteBudget(string account, string budget) =>
        Ask(account, Repetition.Once, budget, static (grain, budget) => grain.DeleteBudget(budget));

    public Task<Answer<PolicyView>> PutPolicy(string account, PolicyRequest policy) =>
        Ask(account, Repetition.Replacing, policy, static (grain, policy) => grain.PutPolicy(policy));

    public Task<Answer<AccountView>> Close(string account) =>
        Ask(account, Repetition.Ending, 0, static (grain, _) => grain.Close());

    /// <summary>What happened after a sequence; with patience the grain waits for something to happen, and each attempt so much longer.</summary>
    public Task<Answer<WatchPage>> Watch(string account, long after, TimeSpan patience) =>
        Ask(account, Repetition.Reading, (after, patience), static (grain, it) => grain.Watch(it.after, it.patience), _attempt + patience, new Deadline(time, _request + patience));

    // Publishing what is the latest already is answered with that version, so a version that did land answers for itself.
    public Task<Answer<PublishReply>> Publish(string card, RateCardDraft draft) =>
        AskCard(card, Repetition.Replacing, draft, static (grain, draft) => grain.Publish(draft), _storeAttempt);

    public Task<Answer<RateCardView>> GetRateCard(string card, int? version) =>
        AskCard(card, Repetition.Reading, version, static (grain, version) => grain.Get(version), _attempt);

    /// <summary>A page of the accounts' ids.</summary>
    public Task<Answer<AccountPage>> ListAccounts(string prefix, string after, int limit) =>
        silos.WhyNotFound is { } reason
            ? NotFound<AccountPage>(null, reason)
            : Send(
                null,
                Repetition.Reading,
                grains.GetGrain<IAccountDirectoryGrain>(0),
                (prefix, after, limit),
                static async (grain, it) => (Answer<AccountPage>)await grain.List(it.prefix, it.after, it.limit),
                _storeAttempt,
                Begin());

    /// <summary>A page of an account's ledger.</summary>
    public Task<Answer<LedgerPage>> ReadLedger(string account, LedgerRequest request) =>
        silos.WhyNotFound is { } reason
            ? NotFound<LedgerPage>(account, reason)
            : Send(
                account,
                Repetition.Reading,
                grains.GetGrain<ILedgerGrain>(account),
                request,
                static (grain, request) => grain.Read(request),
                LedgerTime,
                new Deadline(time, LedgerTime));

    /// <summary>When a request that begins now has waited long enough, for those that are several calls.</summary>
    public Deadline Begin() => new(time, _request);

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
                    var left = deadline.Within(_attempt);
                    BeginAttempt(left);
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
    internal async Task<Answer<ChargeReply>[]?> Resolve(RoutedCharge[] charges, Doubt doubt, Deadline deadline)
    {
        while (doubt.Left > TimeSpan.Zero)
        {
            if (silos.Lanes is { } lanes && lanes.AreGone(doubt.Silos) && await lanes.Charge(charges, deadline) is { } again)
            {
                if (Array.TrueForAll(again.Answers, answer => ChargeSending.IsAnswered(answer)))
                {
                    return again.Answers;
                }

                // Lanes leave accounts that sleep.
                var asleep = charges.Where((_, i) => again.Answers[i] is { Reply: null, Refusal: null }).Select(static routed => routed.Account).Distinct();
                await Task.WhenAll(asleep.Take(MaxWokenAtOnce).Select(account => GetAccount(account, deadline)));
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
            answer = await Charge(account, charge, deadline);
        }

        if (sent?.Doubt is not { } doubt || !doubt.IsAbout(0, answer))
        {
            return answer;
        }

        return await Resolve([new RoutedCharge(account, charge)], doubt, deadline) is { } again ? again[0] : await Charge(account, charge, deadline);
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
                || await lanes.Charge(Array.ConvertAll(places, place => charges[place]), deadline) is not { } again)
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

        return new Deadline(time, Doubt.LastsAfter(_attempt));
    }

    private static bool MayBeSentAgain(Answer<ChargeReply> answer) => answer.Refusal is { Code: Code.Unavailable };

    private Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge, Deadline deadline) =>
        Ask(account, Repetition.UnderItsId, charge, static (grain, charge) => grain.Charge(charge), _attempt, deadline);

    /// <summary>For the next call: when it is too late for it (<see cref="AttemptTime"/>).</summary>
    private void BeginAttempt(TimeSpan wait)
    {
        if (silos.AreElsewhere)
        {
            AttemptTime.Begin(time.GetUtcNow(), wait);
        }
    }

    private static Task<Answer<T>> NotFound<T>(string? account, string reason)
        where T : class =>
        Task.FromResult<Answer<T>>(SiloFailure.NotFound(account, reason));

    private Task<Answer<T>> Ask<TArgument, T>(
        string account, Repetition repetition, TArgument argument, Func<IAccountGrain, TArgument, Task<Answer<T>>> call)
        where T : class =>
        Ask(account, repetition, argument, call, _attempt, Begin());

    private Task<Answer<T>> Ask<TArgument, T>(
        string account, Repetition repetition, TArgument argument, Func<IAccountGrain, TArgument, Task<Answer<T>>> call, TimeSpan attempt, Deadline deadline)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? NotFound<T>(account, reason)
            : Send(account, repetition, accounts.Of(account), argument, call, attempt, deadline);

    private Task<Answer<T>> AskCard<TArgument, T>(
        string card, Repetition repetition, TArgument argument, Func<IRateCardGrain, TArgument, Task<Answer<T>>> call, TimeSpan attempt)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? NotFound<T>(null, reason)
            : Send(null, repetition, grains.GetGrain<IRateCardGrain>(card), argument, call, attempt, Begin());

    private async Task<Answer<T>> Send<TGrain, TArgument, T>(
        string? account,
        Repetition repetition,
        TGrain grain,
        TArgument argument,
        Func<TGrain, TArgument, Task<Answer<T>>> call,
        TimeSpan attempt,
        Deadline deadline)
        where T : class
    {
        var retrying = (Retrying?)null;
        try
        {
            while (true)
            {
                Answer<T> answer;
                bool mayPass;
                var failure = (Exception?)null;
                try
                {
                    var left = deadline.Within(attempt);
                    BeginAttempt(left);
                    var sent = left > TimeSpan.Zero ? call(grain, argument) : throw new TimeoutException();
                    answer = await (sent.IsCompletedSuccessfully ? sent : sent.WaitAsync(left, time));
                    mayPass = answer.Refusal is { Code: Code.Unavailable };
                }
                catch (Exception exception)
                {
                    failure = exception;
                    (var refusal, mayPass) = SiloFailure.Of(account, exception);
                    answer = refusal;
                }

                if (mayPass && repetition.IsSafe())
                {
                    // What the silo asks for counts; what is asked of callers after a failed attempt does not.
                    retrying ??= new Retrying(budget, deadline, time);
                    if (await retrying.Again(failure is null ? answer.Refusal!.RetryAfter : null))
                    {
                        continue;
                    }
                }

                if (failure is not null)
                {
                    failures.GivenUp(failure);
                }

                return answer;
            }
        }
        finally
        {
            retrying?.Dispose();
        }
    }
}
