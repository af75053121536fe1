using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Audit;
using Metering.Gateway.Routing;
using Metering.Gateway.Security;
using Metering.Gateway.Telemetry;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <summary>The gRPC edge: messages in, the same rules as HTTP, grain calls, messages out.</summary>
[BindServiceMethod(typeof(MeteringMethods), nameof(MeteringMethods.BindNone))]
internal sealed partial class MeteringService(
    GrainRouter router,
    Administration administration,
    ChargeBatch batch,
    ChargesInWork inWork,
    AccountList list,
    PatternWarnings warnings,
    ChargeStreams streams,
    AccountWatches watches,
    MeterLimits limits,
    Statements statements,
    LedgerStreams ledgers)
    : V1.Metering.MeteringBase
{
    public override async Task<V1.ChargeReply> Charge(V1.ChargeRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var charge = ChargeMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        return Reply(ChargeMetrics.Counted(CallerOf(context).Check(charge) is { } refusal ? refusal : await router.Charge(request.Account, charge)), ChargeMessages.ToWire);
    }

    // These two take the place of the generated ones: see MeteringMethods.
    public async Task<BatchReply> ChargeMany(BatchRequest request, ServerCallContext context) =>
        request.Refusal is { } refusal ? throw Refusals.ToException(refusal)
            : inWork.TryEnter(CallerOf(context).Allowed(request.Items), out var taken) ? new BatchReply { Results = await batch.Send(taken) }
            : throw Refusals.ToException(ChargesInWork.Overloaded);

    public Task ChargeStream(IAsyncStreamReader<BatchRequest> requestStream, IServerStreamWriter<BatchReply> responseStream, ServerCallContext context) =>
        streams.Serve(requestStream, responseStream, context);

    public override async Task<V1.QuoteReply> Quote(V1.QuoteRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        var wire = request.Charge ?? new V1.ChargeRequest();
        Shape.Name(faults, "account", wire.Account);
        var charge = ChargeMessages.FromWire(wire, faults);
        faults.Enter("rateCard");
        var draft = request.RateCard is null ? null : RateCardMessages.FromWire(request.RateCard, faults);
        faults.Leave();
        RefuseIfAny(faults);
        RefuseUnless(CallerOf(context).MayCharge(charge));
        return Reply(await router.Quote(wire.Account, charge, draft), ChargeMessages.ToWire);
    }

    public override async Task<V1.ChargeView> GetCharge(V1.GetChargeRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "id", request.Id);
        RefuseIfAny(faults);
        return Reply(CallerOf(context).Seen(await router.GetCharge(request.Account, request.Id)), ChargeMessages.ToWire);
    }

    public override async Task<V1.ReversalReply> ReverseCharge(V1.ReverseChargeRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "charge", request.Charge);
        var reversal = HoldMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        RefuseIf(await limits.CheckCharge(CallerOf(context), request.Account, request.Charge));
        return Reply(await administration.Reverse(ActorOf(context), CallerOf(context).Role, request.Account, reversal), HoldMessages.ToWire);
    }

    public override async Task<V1.HoldReply> PlaceHold(V1.PlaceHoldRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var hold = HoldMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        RefuseUnless(CallerOf(context).MayHold(hold));
        return Reply(await router.PlaceHold(request.Account, hold), HoldMessages.ToWire);
    }

    public override async Task<V1.SettleReply> SettleHold(V1.SettleHoldRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "hold", request.Hold);
        var settle = HoldMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        RefuseIf(await limits.CheckHold(CallerOf(context), request.Account, request.Hold));
        return Reply(await router.Settle(request.Account, settle), HoldMessages.ToWire);
    }

    public override async Task<V1.SettleReply> ReleaseHold(V1.ReleaseHoldRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "hold", request.Hold);
        var release = HoldMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        RefuseIf(await limits.CheckHold(CallerOf(context), request.Account, request.Hold));
        return Reply(await router.Release(request.Account, release), HoldMessages.ToWire);
    }

    public override async Task<V1.Account> PutAccount(V1.PutAccountRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var settings = AccountMessages.FromWire(request.Settings, faults);
        RefuseIfAny(faults);
        return Reply(await administration.PutAccount(ActorOf(context), request.Account, settings), AccountMessages.ToWire);
    }

    public override async Task<V1.Account> GetAccount(V1.GetAccountRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var at = WireValues.Instant(request.At, "at", faults);
        if (request.Sequence < 0 || (request.Sequence > 0 && at is not null))
        {
            faults.Add("sequence", FaultCodes.Conflict, "It must be 1 or more, and not given together with at.");
        }

        RefuseIfAny(faults);
        var answer = at is { } instant ? router.GetAccountAt(request.Account, instant)
            : request.Sequence > 0 ? router.GetAccountAfter(request.Account, request.Sequence)
            : router.GetAccount(request.Account);
        return Reply(CallerOf(context).Seen(await answer), AccountMessages.ToWire);
    }

    public override async Task<V1.ListAccountsReply> ListAccounts(V1.ListAccountsRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        var asked = AccountList.Check(request.Prefix, request.Cursor, request.Limit == 0 ? null : request.Limit, faults);
        RefuseIfAny(faults);
        return Reply(await list.Read(asked.Prefix, asked.After, asked.Limit, CallerOf(context).Accounts), AccountMessages.ToWire);
    }

    public override async Task<V1.Account> CloseAccount(V1.CloseAccountRequest request, ServerCallContext context)
    {
        RefuseUnlessName("account", request.Account);
        return Reply(await administration.Close(ActorOf(context), request.Account), AccountMessages.ToWire);
    }

    public override Task WatchAccount(V1.WatchAccountRequest request, IServerStreamWriter<V1.AccountEvent> responseStream, ServerCallContext context)
    {
        var faults = new Faults();
        long? after = request.HasAfter ? request.After : null;
        Shape.Name(faults, "account", request.Account);
        WatchRules.Check(after, faults);
        RefuseIfAny(faults);
        return watches.Serve(request.Account, after, responseStream, context);
    }

    public override async Task<V1.GrantReply> AddGrant(V1.AddGrantRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var grant = AccountMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        return Reply(await warnings.Add(request.Account, await administration.AddGrant(ActorOf(context), request.Account, grant), grant.Meters), AccountMessages.ToWire);
    }

    public override async Task<V1.GrantReply> VoidGrant(V1.VoidGrantRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "grant", request.Grant);
        RefuseIfAny(faults);
        return Reply(await administration.VoidGrant(ActorOf(context), request.Account, request.Grant), AccountMessages.ToWire);
    }

    public override async Task<V1.ListGrantsReply> ListGrants(V1.ListGrantsRequest request, ServerCallContext context)
    {
        RefuseUnlessName("account", request.Account);
        return Reply(await router.GetAccount(request.Account), AccountMessages.GrantsToWire);
    }

    public override async Task<V1.Budget> PutBudget(V1.PutBudgetRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "budget", request.Budget);
        var budget = GovernanceMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        return Reply(await warnings.Add(request.Account, await administration.PutBudget(ActorOf(context), request.Account, budget), budget.Meters), GovernanceMessages.ToWire);
    }

    public override async Task<V1.Budget> DeleteBudget(V1.DeleteBudgetRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        Shape.Name(faults, "budget", request.Budget);
        RefuseIfAny(faults);
        return Reply(await administration.DeleteBudget(ActorOf(context), request.Account, request.Budget), GovernanceMessages.ToWire);
    }

    public override async Task<V1.Policy> PutPolicy(V1.PutPolicyRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var policy = GovernanceMessages.FromWire(request.Policy, faults);
        RefuseIfAny(faults);
        var patterns = policy.AllowedMeters.Concat(policy.BlockedMeters).Concat(policy.RateLimits.Select(limit => limit.Meter));
        return Reply(await warnings.Add(request.Account, await administration.PutPolicy(ActorOf(context), request.Account, policy), patterns), GovernanceMessages.ToWire);
    }

    public override async Task<V1.PublishReply> PublishRateCard(V1.PublishRateCardRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "card", request.Card);
        var draft = RateCardMessages.FromWire(request.Draft, faults);
        RefuseIfAny(faults);
        return Reply(await administration.Publish(ActorOf(context), request.Card, draft), RateCardMessages.ToWire);
    }

    public override async Task<V1.RateCard> GetRateCard(V1.GetRateCardRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        int? version = request.HasVersion ? request.Version : null;
        Shape.Name(faults, "card", request.Card);
        RateCardRules.CheckVersion(version, faults);
        RefuseIfAny(faults);
        return Reply(await router.GetRateCard(request.Card, version), RateCardMessages.ToWire);
    }

    private static TWire Reply<T, TWire>(Answer<T> answer, Func<T, TWire> toWire)
        where T : class =>
        answer.Reply is { } reply ? toWire(reply) : throw Refusals.ToException(answer.Refusal!);

    private static Caller CallerOf(ServerCallContext context) => Caller.Of(context.GetHttpContext());

    private static Actor ActorOf(ServerCallContext context) => Actor.Of(context.GetHttpContext());

    private static void RefuseUnless(bool isAllowed) => RefuseIf(isAllowed ? null : Caller.Forbidden);

    private static void RefuseIf(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw Refusals.ToException(refusal);
        }
    }

    private static void RefuseIfAny(Faults faults)
    {
        if (faults.Any)
        {
            throw Refusals.ToException(faults.ToRefusal());
        }
    }

    private static void RefuseUnlessName(string field, string name)
    {
        var faults = new Faults();
        Shape.Name(faults, field, name);
        RefuseIfAny(faults);
    }
}
