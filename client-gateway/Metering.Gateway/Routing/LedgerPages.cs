using Metering.Contracts;

namespace Metering.Gateway.Routing;

/// <summary>Whole ledgers, page after page: what was read at once is in memory, and the next is read when all of that was taken.</summary>
internal sealed class LedgerPages(GrainRouter router)
{
    /// <summary>Ledgers that are read at the same time: each has up to <see cref="LedgerRequest.MaxLimitOfAll"/> entries in memory for as long as its caller takes.</summary>
    public const int MaxAtOnce = 64;

    private static readonly Refusal Overloaded = new()
    {
        Code = Code.Overloaded,
        Detail = $"{MaxAtOnce} callers read whole ledgers here. Pages can be read at any time.",
        RetryAfter = TimeSpan.FromSeconds(5),
    };

    private int _reading;

    /// <summary>The pages from where a request begins, with as many entries as it says. The last is the ledger's last page, or why there is no other.</summary>
    public async IAsyncEnumerable<Answer<LedgerPage>> Read(string account, LedgerRequest request)
    {
        try
        {
            if (Interlocked.Increment(ref _reading) > MaxAtOnce)
            {
                yield return Overloaded with { Account = account };
                yield break;
            }

            // The first is as small as it may be: somebody waits for the first byte.
            for (var next = request; ; next = After(next))
            {
                var answer = await router.ReadLedger(account, next);
                if (answer.Reply is not { } page)
                {
                    yield return answer;
                    yield break;
                }

                foreach (var part in Parts(page, request.Limit))
                {
                    yield return part;
                }

                if (!page.More)
                {
                    yield break;
                }

                next = next with { After = page.Lines[^1].Sequence, AfterAt = page.Lines[^1].At, AfterIsRolledUp = page.Lines[^1].FirstSequence is not null };
            }
        }
        finally
        {
            Interlocked.Decrement(ref _reading);
        }

        static LedgerRequest After(LedgerRequest read) => read with { Limit = LedgerRequest.MaxLimitOfAll, WithBalances = false };
    }

    /// <summary>The same lines in pages of so many entries.</summary>
    private static IEnumerable<LedgerPage> Parts(LedgerPage page, int maxEntries)
    {
        var (begin, entries) = (0, 1);
        for (var line = 1; line < page.Lines.Count; line++)
        {
            if (page.Lines[line].Sequence != page.Lines[line - 1].Sequence && ++entries > maxEntries)
            {
                yield return Part(begin, line);
                (begin, entries) = (line, 1);
            }
        }

        yield return Part(begin, page.Lines.Count);

        LedgerPage Part(int from, int to) => page with
        {
            Lines = from == 0 && to == page.Lines.Count ? page.Lines : [.. page.Lines.Skip(from).Take(to - from)],
            More = page.More || to < page.Lines.Count,
            OpeningBalance = from == 0 ? page.OpeningBalance : null,
            ClosingBalance = from == 0 ? page.ClosingBalance : null,
        };
    }
}
