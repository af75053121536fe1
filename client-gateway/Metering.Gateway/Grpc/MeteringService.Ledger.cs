using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.Validation;

namespace Metering.Gateway.Grpc;

/// <content>What the ledger tells, and what a draft would have made of it.</content>
internal sealed partial class MeteringService
{
    public override async Task<V1.SimulateRateCardReply> SimulateRateCard(V1.SimulateRateCardRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "card", request.Card);
        var body = LedgerMessages.FromWire(request, faults);
        RefuseIfAny(faults);
        return Reply(await router.Simulate(request.Card, body), LedgerMessages.ToWire);
    }

    public override async Task<V1.UsageReply> ReadUsage(V1.ReadUsageRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var asked = UsageMessages.FromWire(request, faults);
        RefuseUnless(CallerOf(context).MayReadUsage(asked.Meter));
        RefuseIfAny(faults);
        return Reply(await router.ReadUsage(request.Account, asked), reply => UsageMessages.ToWire(asked, reply));
    }

    public override async Task<V1.UsageReply> ReadUsageAcrossAccounts(V1.ReadUsageAcrossAccountsRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        var asked = UsageMessages.FromWire(request, faults);
        RefuseUnless(CallerOf(context).MayReadUsage(asked.Meter));
        RefuseIfAny(faults);
        return Reply(await router.ReadUsage(asked), reply => UsageMessages.ToWire(asked, reply));
    }

    public override async Task<V1.LedgerPage> ReadLedger(V1.ReadLedgerRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var asked = LedgerMessages.FromWire(request, LedgerRequest.DefaultLimit, faults);
        RefuseUnless(CallerOf(context).MayReadUsage(asked.Meter));
        RefuseIfAny(faults);
        return Reply(await router.ReadLedger(request.Account, asked), LedgerMessages.ToWire);
    }

    public override Task StreamLedger(V1.ReadLedgerRequest request, IServerStreamWriter<V1.LedgerPage> responseStream, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var asked = LedgerMessages.FromWire(request, LedgerRequest.MaxLimit, faults);
        RefuseUnless(CallerOf(context).MayReadUsage(asked.Meter));
        RefuseIfAny(faults);
        return ledgers.Serve(request.Account, asked, responseStream, context);
    }

    public override async Task<V1.LedgerCheck> VerifyLedger(V1.VerifyLedgerRequest request, ServerCallContext context)
    {
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var (from, to) = (WireValues.Instant(request.From, "from", faults), WireValues.Instant(request.To, "to", faults));
        LedgerRules.Range(faults, from, to);
        RefuseIfAny(faults);
        return Reply(await router.VerifyLedger(request.Account, from, to), LedgerMessages.ToWire);
    }

    public override async Task<V1.Statement> ReadStatement(V1.ReadStatementRequest request, ServerCallContext context)
    {
        RefuseUnless(CallerOf(context).MayReadUsage(meter: null));
        var faults = new Faults();
        Shape.Name(faults, "account", request.Account);
        var month = LedgerRules.Month(faults, request.Month);
        RefuseIfAny(faults);
        return Reply(await statements.Read(request.Account, month), LedgerMessages.ToWire);
    }
}
