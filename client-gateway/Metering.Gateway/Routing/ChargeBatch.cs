using System.Runtime.InteropServices;
using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing;

/// <summary>A charge of a batch: well-formed, with its account, or already refused.</summary>
internal readonly record struct BatchItem(string Account, ChargeRequest? Charge, Refusal? Refusal)
{
    public static BatchItem Refused(string account, Refusal refusal) => new(account, null, refusal);
}

/// <summary>
/// Sends a batch as one message per account, and so many accounts at once. Charges of one account keep their order, as one caller's
/// single calls would; between accounts there is no order to keep. Answers stand where their charges stood.
/// </summary>
internal sealed class ChargeBatch(GrainRouter router, IOptions<GatewayOptions> options)
{
    private readonly int _maxInFlight = options.Value.MaxAccountsInFlightPerBatch;

    public async Task<Answer<ChargeReply>[]> Send(IReadOnlyList<BatchItem> items)
    {
        var answers = new Answer<ChargeReply>[items.Count];
        var places = PlacesByAccount(items, answers);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(_maxInFlight, places.Count)).Select(_ => SendNext()));
        return answers;

        async Task SendNext()
        {
            for (var i = Interlocked.Increment(ref next); i < places.Count; i = Interlocked.Increment(ref next))
            {
                await SendAccount(items, places[i], answers);
            }
        }
    }

    private static List<List<int>> PlacesByAccount(IReadOnlyList<BatchItem> items, Answer<ChargeReply>[] answers)
    {
        var places = new List<List<int>>();
        var accounts = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].Refusal is { } refusal)
            {
                answers[i] = refusal;
                continue;
            }

            ref var ofAccount = ref CollectionsMarshal.GetValueRefOrAddDefault(accounts, items[i].Account, out _);
            if (ofAccount is null)
            {
                ofAccount = [];
                places.Add(ofAccount);
            }

            ofAccount.Add(i);
        }

        return places;
    }

    private async Task SendAccount(IReadOnlyList<BatchItem> items, List<int> places, Answer<ChargeReply>[] answers)
    {
        var charges = new ChargeRequest[places.Count];
        for (var i = 0; i < charges.Length; i++)
        {
            charges[i] = items[places[i]].Charge!;
        }

        var replies = await router.ChargeMany(items[places[0]].Account, charges);
        for (var i = 0; i < charges.Length; i++)
        {
            answers[places[i]] = replies[i];
        }
    }
}
