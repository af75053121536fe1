using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>A ledger page after page: one is in memory at a time, and the next is read when it is asked for.</summary>
internal static class LedgerPages
{
    /// <summary>The pages from where a request begins. The last is the ledger's last page, or why there is no other.</summary>
    public static async IAsyncEnumerable<Answer<LedgerPage>> ReadLedgerPages(this GrainRouter router, string account, LedgerRequest request)
    {
        while (true)
        {
            var answer = await router.ReadLedger(account, request);
            yield return answer;
            if (answer.Reply is not { More: true } page)
            {
                yield break;
            }

            var last = page.Lines[^1];
            request = request with { After = last.Sequence, AfterAt = last.At, AfterIsRolledUp = last.FirstSequence is not null, WithBalances = false };
        }
    }
}
