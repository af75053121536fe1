using Metering.Contracts;
using Metering.Gateway.Json;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>Takes well-formed requests to the grains that own them, as <see cref="GrainCalls"/> and <see cref="GrainCharges"/> do.</summary>
internal sealed class GrainRouter(
    IGrainFactory grains, GrainCalls calls, GrainCharges charges, ISilos silos, Admission admission, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <summary>Reading segments may take a while, and to ask again would only make it longer.</summary>
    private static readonly TimeSpan LedgerTime = TimeSpan.FromSeconds(20);

    /// <summary>Bringing an account to where it was takes as long as its entries take to be read and applied.</summary>
    private static readonly TimeSpan HistoryTime = TimeSpan.FromSeconds(60);

    // Publishing and listing read and write a store within the call, which a silo in good health may take longer for.
    private readonly TimeSpan _storeAttempt = TimeSpan.FromTicks(Math.Max(options.Value.SiloTimeout.Ticks, options.Value.RequestTimeout.Ticks / 3));

    public Task<Answer<ChargeReply>> Charge(string account, ChargeRequest charge) =>
        admission.TryTake(account, out var place) is { } refusal ? Task.FromResult<Answer<ChargeReply>>(refusal) : Within(place, charges.Charge(account, charge));

    public async Task<Answer<QuoteReply>> Quote(string account, ChargeRequest charge, RateCardDraft? draft)
    {
        var answer = await Ask(account, Repetition.Reading, (charge, draft), static (grain, it) => grain.Quote(it.charge, it.draft));

        return draft is null ? answer : FaultsOf("rateCard", answer);
    }

    public Task<Answer<ChargeView>> GetCharge(string account, string id) =>
        Ask(account, Repetition.Reading, id, static (grain, id) => grain.GetCharge(id));

    public Task<Answer<AccountView>> PutAccount(string account, AccountRequest settings) =>
        Ask(account, Repetition.Replacing, settings, static (grain, settings) => grain.Put(settings));

    public Task<Answer<AccountView>> GetAccount(string account) =>
        Ask(account, Repetition.Reading, 0, static (grain, _) => grain.Get());

    public Task<Answer<AccountView>> GetAccount(string account, Deadline deadline) =>
        calls.Ask(account, Repetition.Reading, 0, static (grain, _) => grain.Get(), calls.Attempt, deadline);

    /// <summary>An account as it was at an instant.</summary>
    public Task<Answer<AccountView>> GetAccountAt(string account, DateTimeOffset at) =>
        AskHistory(account, at, static (grain, at) => grain.GetAt(at));

    /// <summary>An account as it was right after one of its entries.</summary>
    public Task<Answer<AccountView>> GetAccountAfter(string account, long sequence) =>
        AskHistory(account, sequence, static (grain, sequence) => grain.GetAfter(sequence));

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
        calls.Ask(account, Repetition.Reading, (after, patience), static (grain, it) => grain.Watch(it.after, it.patience), calls.Attempt + patience, calls.Begin(patience));

    // Publishing what is the latest already is answered with that version, so a version that did land answers for itself.
    public Task<Answer<PublishReply>> Publish(string card, RateCardDraft draft) =>
        AskCard(card, Repetition.Replacing, draft, static (grain, draft) => grain.Publish(draft), _storeAttempt);

    public Task<Answer<RateCardView>> GetRateCard(string card, int? version) =>
        AskCard(card, Repetition.Reading, version, static (grain, version) => grain.Get(version), calls.Attempt);

    /// <summary>A page of the accounts' ids.</summary>
    public Task<Answer<AccountPage>> ListAccounts(string prefix, string after, int limit) =>
        silos.WhyNotFound is { } reason
            ? NotFound<AccountPage>(null, reason)
            : calls.Send(
                null,
                Repetition.Reading,
                grains.GetGrain<IAccountDirectoryGrain>(0),
                (prefix, after, limit),
                static async (grain, it) => (Answer<AccountPage>)await grain.List(it.prefix, it.after, it.limit),
                _storeAttempt,
                Begin());

    /// <summary>A page of an account's ledger.</summary>
    public Task<Answer<LedgerPage>> ReadLedger(string account, LedgerRequest request) =>
        AskLedger(account, request, static (grain, request) => grain.Read(request), LedgerTime);

    /// <summary>All entries of an account that are asked for, as a Parquet file beside the account; what is not read of it for a minute is gone.</summary>
    public Task<Answer<LedgerFile>> OpenLedgerFile(string account, LedgerRequest request) =>
        AskLedger(account, request, static (grain, request) => grain.OpenFile(request), HistoryTime);

    /// <summary>A part of it, from an offset on; empty when it is gone.</summary>
    public Task<Answer<LedgerFilePart>> ReadLedgerFile(string account, Guid file, long offset) =>
        AskLedger(account, (file, offset), static (grain, it) => grain.ReadFile(it.file, it.offset), LedgerTime);

    /// <summary>Ends it. When that is not heard it goes by itself.</summary>
    public Task<Answer<LedgerFilePart>> CloseLedgerFile(string account, Guid file) =>
        AskLedger(account, file, static (grain, file) => grain.CloseFile(file), LedgerTime);

    /// <summary>Whether an account's chain holds in a range.</summary>
    public Task<Answer<LedgerCheck>> VerifyLedger(string account, DateTimeOffset? from, DateTimeOffset? to) =>
        AskLedger(account, (from, to), static (grain, it) => grain.Verify(it.from, it.to), LedgerTime);

    /// <summary>An account's usage.</summary>
    public Task<Answer<UsageReply>> ReadUsage(string account, UsageRequest request) =>
        AskLedger(account, request, static (grain, request) => grain.ReadUsage(request), LedgerTime);

    /// <summary>Usage across accounts.</summary>
    public Task<Answer<UsageReply>> ReadUsage(UsageRequest request) =>
        silos.WhyNotFound is { } reason
            ? NotFound<UsageReply>(null, reason)
            : calls.Send(
                null, Repetition.Reading, grains.GetGrain<IUsageGrain>(0), request, static (grain, request) => grain.Read(request), LedgerTime, new Deadline(time, LedgerTime));

    /// <summary>An account's stored usage under a draft card.</summary>
    public async Task<Answer<SimulationReply>> Simulate(string card, SimulationBody body)
    {
        var request = new SimulationRequest { Card = card, From = body.From, To = body.To, Draft = body.Draft };
        var answer = silos.WhyNotFound is { } reason
            ? SiloFailure.NotFound(body.Account, reason)
            : await calls.Send(
                body.Account, Repetition.Reading, grains.GetGrain<ISimulationGrain>(body.Account), request, static (grain, request) => grain.Simulate(request), HistoryTime, new Deadline(time, HistoryTime));
        return FaultsOf("draft", answer);
    }

    /// <summary>When a request that begins now has waited long enough, for those that are several calls.</summary>
    public Deadline Begin() => calls.Begin();

    /// <summary>A grain finds faults in a draft by their paths in it; in the body the draft has a field of its own.</summary>
    private static Answer<T> FaultsOf<T>(string draft, Answer<T> answer)
        where T : class =>
        answer.Refusal is { Code: Code.InvalidRequest, Errors.Count: > 0 } refusal
            ? Refusal.Invalid([.. refusal.Errors.Select(fault => fault with { Path = $"{draft}.{fault.Path}" })])
            : answer;

    private Task<Answer<T>> AskLedger<TArgument, T>(string account, TArgument argument, Func<ILedgerGrain, TArgument, Task<Answer<T>>> call, TimeSpan longest)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? NotFound<T>(account, reason)
            : calls.Send(account, Repetition.Reading, grains.GetGrain<ILedgerGrain>(account), argument, call, longest, new Deadline(time, longest));

    private Task<Answer<AccountView>> AskHistory<TArgument>(string account, TArgument argument, Func<IAccountHistoryGrain, TArgument, Task<Answer<AccountView>>> call) =>
        silos.WhyNotFound is { } reason
            ? NotFound<AccountView>(account, reason)
            : calls.Send(account, Repetition.Reading, grains.GetGrain<IAccountHistoryGrain>(account), argument, call, HistoryTime, new Deadline(time, HistoryTime));

    private static Task<Answer<T>> NotFound<T>(string? account, string reason)
        where T : class =>
        Task.FromResult<Answer<T>>(SiloFailure.NotFound(account, reason));

    private Task<Answer<T>> Ask<TArgument, T>(
        string account, Repetition repetition, TArgument argument, Func<IAccountGrain, TArgument, Task<Answer<T>>> call)
        where T : class =>
        admission.TryTake(account, out var place) is { } refusal
            ? Task.FromResult<Answer<T>>(refusal)
            : Within(place, calls.Ask(account, repetition, argument, call, calls.Attempt, Begin()));

    /// <summary>Gives an account's place back once its call is answered.</summary>
    private static Task<T> Within<T>(AccountPlace place, Task<T> answering)
    {
        return place.IsCounted ? AnsweredAsync() : answering;

        async Task<T> AnsweredAsync()
        {
            using (place)
            {
                return await answering;
            }
        }
    }

    private Task<Answer<T>> AskCard<TArgument, T>(
        string card, Repetition repetition, TArgument argument, Func<IRateCardGrain, TArgument, Task<Answer<T>>> call, TimeSpan attempt)
        where T : class =>
        silos.WhyNotFound is { } reason
            ? NotFound<T>(null, reason)
            : calls.Send(null, repetition, grains.GetGrain<IRateCardGrain>(card), argument, call, attempt, Begin());
}
