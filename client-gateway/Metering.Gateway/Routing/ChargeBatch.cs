using System.Diagnostics;
using System.Runtime.InteropServices;
using Metering.Contracts;
using Metering.Gateway.Telemetry;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>A charge of a batch: well-formed, with its account, or already refused.</summary>
internal readonly record struct BatchItem(string Account, ChargeRequest? Charge, Refusal? Refusal)
{
    public static BatchItem Refused(string account, Refusal refusal) => new(account, null, refusal);
}

/// <summary>
/// Sends a batch at once, as one message or in those of the lanes; then what remained without an answer, as one message per account, and so
/// many accounts at once. Charges of one account keep their order, as one caller's
/// single calls would; between accounts there is no order to keep. Answers stand where their charges stood. All of it has the time of one request.
/// </summary>
internal sealed class ChargeBatch(GrainCharges charging, ChargesInWork inWork, IOptions<GatewayOptions> options)
{
    private const int None = -1;

    private readonly int _maxInFlight = options.Value.MaxAccountsInFlightPerBatch;

    /// <summary>Sends a batch, or refuses each of its charges when there is no room for it.</summary>
    public async Task<Answer<ChargeReply>[]> Send(IReadOnlyList<BatchItem> items)
    {
        if (inWork.TryEnter(items, out var batch))
        {
            return await Send(batch);
        }

        var refused = new Answer<ChargeReply>[items.Count];
        for (var i = 0; i < refused.Length; i++)
        {
            refused[i] = items[i].Refusal ?? ChargesInWork.Overloaded;
        }

        return refused;
    }

    /// <summary>Sends a batch that was taken in; afterwards it is in work no more.</summary>
    public async Task<Answer<ChargeReply>[]> Send(BatchInWork batch)
    {
        try
        {
            var begunAt = Stopwatch.GetTimestamp();
            var answers = await SendAll(batch.Items);
            ChargeMetrics.Count(answers, begunAt);
            return answers;
        }
        finally
        {
            inWork.Leave(batch);
        }
    }

    private async Task<Answer<ChargeReply>[]> SendAll(IReadOnlyList<BatchItem> items)
    {
        var answers = new Answer<ChargeReply>[items.Count];
        var deadline = charging.Begin();
        var (isWhole, doubt) = await TrySendWhole(items, answers, deadline);
        if (!isWhole)
        {
            await SendByAccount(items, answers, deadline);
        }

        if (doubt is not null)
        {
            await Resolve(doubt, items, answers, deadline);
        }

        return answers;
    }

    /// <summary>Asks again what was refused while another attempt was perhaps still to be done.</summary>
    private async Task Resolve(Doubt doubt, IReadOnlyList<BatchItem> items, Answer<ChargeReply>[] answers, Deadline deadline)
    {
        var places = Enumerable.Range(0, answers.Length).Where(place => doubt.IsAbout(place, answers[place])).ToList();
        if (places.Count == 0)
        {
            return;
        }

        if (await charging.Resolve([.. places.Select(place => new RoutedCharge(items[place].Account, items[place].Charge!))], doubt, deadline) is { } again)
        {
            for (var i = 0; i < again.Length; i++)
            {
                answers[places[i]] = again[i];
            }

            return;
        }

        places.ForEach(place => answers[place] = SiloFailure.Unanswered(items[place].Account));
        await SendByAccount(items, answers, deadline);
    }

    /// <summary>Sends what has no answer yet.</summary>
    private async Task SendByAccount(IReadOnlyList<BatchItem> items, Answer<ChargeReply>[] answers, Deadline deadline)
    {
        var following = new int[items.Count];
        var accounts = ByAccount(items, following, answers);
        var next = -1;
        var sending = new Task[Math.Min(_maxInFlight, accounts.Count)];
        for (var i = 0; i < sending.Length; i++)
        {
            sending[i] = SendNext();
        }

        await Task.WhenAll(sending);

        async Task SendNext()
        {
            for (var i = Interlocked.Increment(ref next); i < accounts.Count; i = Interlocked.Increment(ref next))
            {
                await SendAccount(items, accounts[i], following, answers, deadline);
            }
        }
    }

    /// <returns>Whether all charges have been answered, and of which a refusal is in doubt.</returns>
    private async ValueTask<(bool IsWhole, Doubt? Doubt)> TrySendWhole(IReadOnlyList<BatchItem> items, Answer<ChargeReply>[] answers, Deadline deadline)
    {
        var charges = new RoutedCharge[items.Count];
        var count = 0;
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Refusal is { } refusal)
            {
                answers[i] = refusal;
            }
            else
            {
                charges[count++] = new RoutedCharge(items[i].Account, items[i].Charge!);
            }
        }

        Array.Resize(ref charges, count);
        if (count == 0 || await charging.TryChargeMany(charges, deadline) is not { } sent)
        {
            return (count == 0, null);
        }

        var next = 0;
        var isWhole = true;
        for (var i = 0; i < answers.Length; i++)
        {
            if (items[i].Refusal is null)
            {
                answers[i] = sent.Answers[next++];
                isWhole &= ChargeSending.IsAnswered(answers[i]);
            }
        }

        return (isWhole, sent.Doubt is null ? null : sent.Doubt.Among(answers.Length, place => items[place].Refusal is null));
    }

    /// <summary>
    /// Each account's charges as a chain through the batch: a list for each would be most of what a batch over many accounts allocates.
    /// </summary>
    private static List<Chain> ByAccount(IReadOnlyList<BatchItem> items, int[] following, Answer<ChargeReply>[] answers)
    {
        var chains = new List<Chain>();
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            following[i] = None;
            if (ChargeSending.IsAnswered(answers[i]))
            {
                continue;
            }

            ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(places, items[i].Account, out var known);
            if (!known)
            {
                place = chains.Count;
                chains.Add(new Chain(i, i, 1));
                continue;
            }

            ref var chain = ref CollectionsMarshal.AsSpan(chains)[place];
            following[chain.Last] = i;
            chain = new Chain(chain.First, i, chain.Count + 1);
        }

        return chains;
    }

    private async Task SendAccount(IReadOnlyList<BatchItem> items, Chain chain, int[] following, Answer<ChargeReply>[] answers, Deadline deadline)
    {
        var charges = new ChargeRequest[chain.Count];
        var place = chain.First;
        for (var i = 0; i < charges.Length; i++, place = following[place])
        {
            // What was left without an answer was not sent; what is unavailable was, and may be charged already.
            charges[i] = answers[place].Refusal is null ? items[place].Charge! : items[place].Charge!.Again(deadline.Elapsed);
        }

        var replies = await charging.ChargeMany(items[chain.First].Account, charges, deadline);
        place = chain.First;
        for (var i = 0; i < charges.Length; i++, place = following[place])
        {
            answers[place] = replies[i];
        }
    }

    /// <summary>An account's charges: the first and last of them in the batch, and how many.</summary>
    private readonly record struct Chain(int First, int Last, int Count);
}
