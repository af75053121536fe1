using System.Collections.Concurrent;
using Metering.Contracts;

namespace Metering.Gateway.Tests.Hosting;

/// <summary>What a gateway wrote to the audit log, in order; it reads one sample.</summary>
internal sealed class FakeAuditLog : IAuditLogGrain
{
    public ConcurrentQueue<AuditIntent> Begun { get; } = new();

    public ConcurrentQueue<AuditResult> Ended { get; } = new();

    public Func<AuditIntent, Refusal?> OnBegin { get; set; } = static _ => null;

    public Func<AuditResult, Refusal?> OnEnd { get; set; } = static _ => null;

    public Task<Answer<AuditReceipt>> Begin(AuditIntent intent)
    {
        Begun.Enqueue(intent);
        return Task.FromResult(OnBegin(intent) is { } refusal ? refusal : (Answer<AuditReceipt>)new AuditReceipt(Begun.Count));
    }

    public Task<Answer<AuditReceipt>> End(AuditResult result)
    {
        Ended.Enqueue(result);
        return Task.FromResult(OnEnd(result) is { } refusal ? refusal : (Answer<AuditReceipt>)new AuditReceipt(Ended.Count));
    }

    public Task<Answer<AuditPage>> Read(AuditQuery query) => Task.FromResult<Answer<AuditPage>>(new AuditPage(
        [
            new AuditEntry
            {
                Number = 12,
                At = Samples.At.AddMilliseconds(4),
                AskedAt = Samples.At,
                Intent = new AuditIntent
                {
                    Id = "c1",
                    Actor = "key:K7dQ2mZx0PbT",
                    ActorName = "portal, main",
                    Address = "10.0.0.7",
                    Operation = AuditOperation.BudgetPut,
                    Resource = "accounts/acme/budgets/search",
                    Before = """{"id":"search","limit":"20"}""",
                    Requested = """{"id":"search","limit":"25"}""",
                },
                Outcome = AuditOutcome.Refused,
                Refusal = Code.AccountClosed,
                After = """{"id":"search","limit":"25"}""",
            },
        ],
        query.Before is null ? new AuditPlace(0, 12) : null,
        query.Before is null ? [7] : []));

    public Task<Answer<AuditCheck>> Verify(AuditCheck? after) => Task.FromResult<Answer<AuditCheck>>(
        new AuditCheck { First = 1, Last = 42, Hash = [1, 2, 3], Break = new AuditBreak(43, AuditBreakReason.Changed) });
}
