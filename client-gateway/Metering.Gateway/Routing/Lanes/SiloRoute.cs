using Metering.Contracts;

namespace Metering.Gateway.Routing.Lanes;

/// <summary>The router of the silo at an address: its own, or the one where it takes connections of clients (<see cref="ChargeRouting.At"/>).</summary>
internal delegate IChargeRouterService RouterAt(SiloAddress address);

/// <summary>A way to a silo's router.</summary>
/// <param name="Router">The router.</param>
/// <param name="IsStraight">Whether it leads over the gateway's own connection to the silo, and not through another silo.</param>
internal sealed record SiloWay(IChargeRouterService Router, bool IsStraight);

/// <summary>
/// The lanes to one silo, and the way they take: straight; through another silo from when the straight way has failed until the silo has answered on it; or none for a while after
/// that has failed too. The accounts are then called one by one, and Orleans finds whoever has them.
/// </summary>
internal sealed class SiloRoute
{
    /// <summary>About as long as it takes until a silo that died is off the map.</summary>
    public static readonly TimeSpan AvoidAll = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Action _failed;
    private readonly SiloWay _roundabout;
    private SiloWay? _straight;
    private bool _straightHasFailed;
    private long? _allFailedAt;

    /// <param name="silo">Its own address.</param>
    /// <param name="routers">The routers of silos.</param>
    /// <param name="attempt">How long a message may take.</param>
    /// <param name="failed">Told of every message that failed.</param>
    /// <param name="failures">Told of those that nobody foresaw.</param>
    /// <param name="time">The clock.</param>
    public SiloRoute(SiloAddress silo, RouterAt routers, TimeSpan attempt, Action failed, FailureLog failures, TimeProvider time)
    {
        _time = time;
        _failed = failed;
        _roundabout = new SiloWay(routers(silo), IsStraight: false);
        Silo = silo;
        Lanes = [.. Enumerable.Range(0, LaneLimits.LanesPerSilo).Select(_ => new ChargeLane(this, attempt, failures, time))];
    }

    public SiloAddress Silo { get; }

    public IReadOnlyList<ChargeLane> Lanes { get; }

    /// <summary>The way to take now; null when none is worth trying.</summary>
    public SiloWay? Way
    {
        get
        {
            lock (_roundabout)
            {
                return _allFailedAt is { } at && _time.GetElapsedTime(at) < AvoidAll ? null
                    : _straight is null || _straightHasFailed ? _roundabout
                    : _straight;
            }
        }
    }

    /// <summary>It has just answered on the straight way.</summary>
    public void IsReached(IChargeRouterService router)
    {
        lock (_roundabout)
        {
            _straight ??= new SiloWay(router, IsStraight: true);
            _straightHasFailed = false;
        }
    }

    public void Failed(SiloWay way)
    {
        lock (_roundabout)
        {
            if (way.IsStraight)
            {
                _straightHasFailed = true;
            }
            else
            {
                _allFailedAt = _time.GetTimestamp();
            }
        }

        _failed();
    }
}
