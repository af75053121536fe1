using System.Buffers;
using Metering.Contracts;
using Microsoft.Extensions.Options;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>What the lanes have brought, where their charges stood.</summary>
/// <param name="Answers">One without reply and refusal says that the account must be called; <see cref="Code.Unavailable"/>, that the charge may be sent again, this way too.</param>
/// <param name="Unheard">The silo that a charge was sent to and that did not answer; null where there is none, and when there is none at all.</param>
internal sealed record LaneAnswers(Answer<ChargeReply>[] Answers, SiloAddress?[]? Unheard);

/// <summary>
/// Takes charges to the silos that own their accounts, those of many callers in one message (<see cref="ChargeLane"/>). What cannot be decided on this way
/// is left to ordinary calls: a wrong guess of the owner costs a hop, never correctness.
/// </summary>
internal sealed class ChargeLanes(RouterAt routers, FailureLog failures, IOptions<GatewayOptions> options, TimeProvider time)
{
    private readonly TimeSpan _attempt = options.Value.SiloTimeout;
    private readonly Dictionary<SiloAddress, SiloRoute> _routes = [];
    private volatile ClusterMap? _map;

    /// <summary>Told of every message that failed: the map may be out of date.</summary>
    public Action Failed { get; set; } = static () => { };

    /// <summary>Whether it is known who owns what.</summary>
    public bool HasMap => _map is not null;

    /// <summary>Takes what silos say of the cluster for true from now on. Called by one at a time.</summary>
    /// <param name="views">Each from a silo that was asked on the straight way, at the same time; the newest counts. With none everything stays as it was.</param>
    public void Update(IReadOnlyCollection<ClusterView> views)
    {
        if (views.MaxBy(static view => view.Version) is not { Active.Count: > 0 } newest)
        {
            return;
        }

        // Routes stay while their silos do, and with them what waits in their lanes.
        foreach (var gone in _routes.Keys.Except(newest.Active).ToList())
        {
            _routes.Remove(gone);
        }

        foreach (var silo in newest.Active.Where(silo => !_routes.ContainsKey(silo)))
        {
            _routes.Add(silo, new SiloRoute(silo, routers, _attempt, () => Failed(), failures, time));
        }

        foreach (var view in views)
        {
            _routes.GetValueOrDefault(view.Silo)?.IsReached(routers(view.Gateway));
        }

        if (_map is not { } map || map.Version != newest.Version || !map.Routes.Select(static route => route.Silo).ToHashSet().SetEquals(newest.Active))
        {
            _map = ClusterMap.Of(newest, silo => _routes[silo]);
        }
    }

    /// <summary>Whether none of some silos is one of the cluster any more. None of them will be again: whoever comes in its place has another address.</summary>
    public bool AreGone(IReadOnlySet<SiloAddress> silos) => _map is { } map && !map.Routes.Any(route => silos.Contains(route.Silo));

    /// <summary>Sends charges; those of one account are made in the order given.</summary>
    /// <returns>Null when nothing is known of any.</returns>
    public async Task<LaneAnswers?> Charge(RoutedCharge[] charges, Deadline deadline)
    {
        if (_map is not { } map)
        {
            return null;
        }

        var batch = Send(charges, map);
        try
        {
            await batch.Done.WaitAsync(deadline.Left, time);
            return new LaneAnswers(batch.Answers, batch.Unheard);
        }
        catch (TimeoutException)
        {
            // Its answers may just be coming in: what was written half is not to be read.
            batch.GiveUp();
            return null;
        }
    }

    /// <summary>Sorts them by lane, and puts each lane's into it.</summary>
    private SpreadBatch Send(RoutedCharge[] charges, ClusterMap map)
    {
        var lanes = map.Lanes;
        var laneOf = ArrayPool<int>.Shared.Rent(charges.Length);
        var ends = ArrayPool<int>.Shared.Rent(lanes.Count + 1);
        try
        {
            Array.Clear(ends, 0, lanes.Count + 1);
            for (var i = 0; i < charges.Length; i++)
            {
                laneOf[i] = map.LaneOf(charges[i].Account);
                ends[laneOf[i] + 1]++;
            }

            var parts = 0;
            for (var lane = 0; lane < lanes.Count; lane++)
            {
                parts += ends[lane + 1] > 0 ? 1 : 0;
                ends[lane + 1] += ends[lane];
            }

            var (sorted, places) = (new RoutedCharge[charges.Length], new int[charges.Length]);
            for (var i = 0; i < charges.Length; i++)
            {
                // Where a lane begins moves on with each of its charges, and is where it ends when all are in.
                var place = ends[laneOf[i]]++;
                (sorted[place], places[place]) = (charges[i], i);
            }

            var batch = new SpreadBatch(sorted, places, parts);
            var addedAt = time.GetTimestamp();
            for (var (lane, start) = (0, 0); lane < lanes.Count; start = ends[lane++])
            {
                if (ends[lane] > start)
                {
                    lanes[lane].Add(new BatchPart(batch, start, ends[lane]) { AddedAt = addedAt });
                }
            }

            return batch;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(laneOf);
            ArrayPool<int>.Shared.Return(ends);
        }
    }
}
